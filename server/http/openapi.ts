import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'

const DOCUMENT_URL = '/api/v1/openapi.json'

/** The OpenAPI 3.1 document, made from the schemas that validate. Register before any route. */
export async function documentRoutes(app: FastifyInstance, version: string): Promise<void> {
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
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  })
}

/** The document at its address, and a page to browse it. */
export async function serveDocument(app: FastifyInstance): Promise<void> {
  app.get(DOCUMENT_URL, { schema: { hide: true } }, async () => app.swagger())
  await app.register(swaggerUi, { routePrefix: '/api/docs', uiConfig: { url: DOCUMENT_URL }, staticCSP: true, logLevel: 'warn' })
}
