import type { SwaggerTransform, SwaggerTransformObject } from '@fastify/swagger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject, serializerCompiler } from 'fastify-type-provider-zod'
import { problemsOf } from './api.ts'
import { answerErrors } from './errors.ts'
import { requestTraceId } from './trace-id.ts'
import { validatorCompiler } from './validation.ts'

export const DOCUMENT_URL = '/api/v1/openapi.json'
const PAGE_URL = '/api/docs'

/**
 * The OpenAPI 3.1 document, made from the schemas that validate, and a page to browse it. Register before any route. Describing takes libraries
 * that serving does without: they are loaded when somebody asks first.
 */
export function documentRoutes(app: FastifyInstance, version: string): void {
  const described: RouteOptions[] = []
  let documentation: Promise<FastifyInstance> | null = null
  const passOn = async (request: FastifyRequest, reply: FastifyReply) => {
    documentation ??= openDocumentation(described, version)
    const { routing } = await documentation
    reply.hijack()
    // One request, though two servers see it.
    request.raw.headers['x-trace-id'] = request.id
    // The program's own content policy holds for the page: its scripts are files of this origin, its styles too.
    reply.raw.setHeaders(new Map(Object.entries(reply.getHeaders() as Record<string, string>)))
    routing(request.raw, reply.raw)
  }
  for (const url of [DOCUMENT_URL, PAGE_URL, `${PAGE_URL}/*`]) app.get(url, { schema: { hide: true } }, passOn)
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (method !== 'HEAD' && !schema?.hide) described.push({ method, url, schema, handler: notAsked })
  })
}

/** A server of its own behind the program's, which knows of all routes how they look and answers none of them. */
async function openDocumentation(described: RouteOptions[], version: string): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([import('@fastify/swagger'), import('@fastify/swagger-ui')])
  const app = fastify({ routerOptions: { ignoreTrailingSlash: true }, genReqId: requestTraceId })
  answerErrors(app)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Pantheon',
        version,
        description: 'A council of AI agents in rooms: streamed, metered exactly, paid from a credit wallet.',
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
      security: [{ bearer: [] }],
    },
    transform: withBodyProblems,
    transformObject: withTidyComponents,
  })
  for (const route of described) app.route(route)
  app.get(DOCUMENT_URL, { schema: { hide: true } }, async () => app.swagger())
  await app.register(swaggerUi, { routePrefix: PAGE_URL, uiConfig: { url: DOCUMENT_URL } })
  await app.ready()
  return app
}

function notAsked(): never {
  throw new Error('The documentation answers for no other route.')
}

/** What may be wrong with a body before any field of it is looked at is said once for all routes that take one. */
const withBodyProblems: SwaggerTransform = document => {
  const { schema } = document
  if (!schema?.body) return jsonSchemaTransform(document)
  const response = { ...OF_BODIES, ...(schema.response as object) }
  return jsonSchemaTransform({ ...document, schema: { ...schema, response } })
}

const OF_BODIES = problemsOf(['malformed_request', 'payload_too_large', 'unsupported_media_type'])

type Schemas = Record<string, { required?: string[] }>

interface MadeDocument {
  components?: { schemas?: Schemas }
  paths?: Record<string, Record<string, { requestBody?: { required?: boolean; content: Record<string, { schema: { $ref?: string } }> } }>>
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g

/**
 * Keeps the schemas that the routes refer to. The library makes two of each, `Room` for answers and `RoomInput` for bodies; what only
 * bodies use goes by its plain name.
 */
const withTidyComponents: SwaggerTransformObject = source => {
  const document = jsonSchemaTransformObject(source) as MadeDocument
  const all = document.components?.schemas ?? {}
  allowEmptyBodies(document, all)
  const used = referredTo(document.paths, all)
  const nameOf = (name: string) => (all[plainName(name)] !== undefined && !used.has(plainName(name)) ? plainName(name) : name)
  const schemas = Object.fromEntries([...used].sort().map(name => [nameOf(name), all[name]]))
  const tidy = JSON.stringify({ ...document, components: { ...document.components, schemas } })
  return JSON.parse(tidy.replace(REFERENCE, (_, name: string) => `"#/components/schemas/${nameOf(name)}"`))
}

const plainName = (name: string) => name.replace(/Input$/, '')

/** An empty body counts as `{}`, so that one is required only where a field is. */
function allowEmptyBodies({ paths = {} }: MadeDocument, schemas: Schemas): void {
  for (const { requestBody } of Object.values(paths).flatMap(operations => Object.values(operations))) {
    const reference = requestBody?.content['application/json']?.schema.$ref
    if (requestBody && reference) requestBody.required = (schemas[reference.split('/').at(-1)!]?.required ?? []).length > 0
  }
}

/** The names of all schemas that `part` refers to, directly or through others. */
function referredTo(part: unknown, schemas: Schemas, found = new Set<string>()): Set<string> {
  for (const [, name = ''] of JSON.stringify(part ?? null).matchAll(REFERENCE)) {
    if (found.has(name)) continue
    found.add(name)
    referredTo(schemas[name], schemas, found)
  }
  return found
}
