import { describe, expect, test } from 'vitest'
import { errorCodes } from '../../contract/errors.ts'
import { statusOf } from '../../server/http/problem.ts'
import { useProgram } from '../program.ts'

const { anonymous } = await useProgram()

interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  enum?: string[]
  allOf?: Schema[]
  required?: string[]
}
interface Parameter {
  name: string
  in: string
  required: boolean
  schema: Schema
}
interface Operation {
  summary?: string
  tags?: string[]
  security?: unknown[]
  parameters?: Parameter[]
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> }
  responses: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>
}
interface Document {
  openapi: string
  info: { title: string; version: string }
  security: unknown
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; securitySchemes: unknown }
}

const answer = await anonymous.get('/openapi.json')
const document = answer.body as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, method, path, operation })),
)
const statusesOf = ({ responses }: Operation) => Object.keys(responses).map(Number)
const referencesIn = (part: unknown) => [...JSON.stringify(part).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference)
const nameOf = (reference: string) => reference.replace('#/components/schemas/', '')
const jsonOf = ({ requestBody }: Operation) => requestBody?.content['application/json']
const schemaOf = (name: string) => document.components.schemas[name]!

describe('the OpenAPI document', () => {
  test('is one of version 3.1, open to everybody, with bearer tokens', () => {
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Pantheon', version: '0.0.0-test' })
    expect(document.security).toEqual([{ bearer: [] }])
    expect(document.components.securitySchemes).toEqual({ bearer: { type: 'http', scheme: 'bearer' } })
  })

  test('has every route of the contract that this part of the program serves', () => {
    const expected = [
      'GET /health',
      'GET /ready',
      'GET /api/v1/health',
      'GET /api/v1/ready',
      'GET /api/v1/auth/config',
      'GET /api/v1/auth/me',
      'GET /api/v1/models',
      'POST /api/v1/agents',
      'GET /api/v1/agents',
      'PATCH /api/v1/agents/{agent_id}',
      'POST /api/v1/agents/{agent_id}/restore',
      'PATCH /api/v1/rooms/{room_id}/mode',
      'POST /api/v1/rooms/{room_id}/restore',
      'PUT /api/v1/rooms/{room_id}/agents/order',
      'DELETE /api/v1/rooms/{room_id}/agents/{agent_id}',
      'DELETE /api/v1/agents/{agent_id}/sessions/{session_id}',
      'POST /api/v1/sessions/{session_id}/restore',
      'GET /api/v1/sessions/{session_id}/messages',
      'GET /api/v1/sessions/{session_id}/turns/{turn_id}/stream',
      'POST /api/v1/sessions/{session_id}/turns/{turn_id}/cancel',
      'GET /api/v1/users/me/wallet',
      'GET /api/v1/users/me/usage',
      'GET /api/v1/users/me/transactions',
    ]
    expect(operations.map(({ name }) => name)).toEqual(expect.arrayContaining(expected))
  })

  test('refers only to schemas that it has, and has only those that it refers to', () => {
    const names = Object.keys(document.components.schemas)
    const used = new Set(referencesIn(document).map(nameOf))
    expect([...used].filter(name => !names.includes(name))).toEqual([])
    expect(names.filter(name => !used.has(name))).toEqual([])
    expect(names).toEqual(
      expect.arrayContaining([
        'Room',
        'RoomCreate',
        'Agent',
        'AgentUpdate',
        'Session',
        'Turn',
        'TurnCreate',
        'Wallet',
        'Problem',
        'Decimal',
      ]),
    )
  })

  test('has each schema once, by its own name', () => {
    const names = Object.keys(document.components.schemas)
    expect(names.filter(name => name.endsWith('Input') && !names.includes(name.replace(/Input$/, '')))).toEqual([])
    const texts = Object.values(document.components.schemas).map(schema => JSON.stringify(schema))
    expect(texts.filter((text, index) => texts.indexOf(text) !== index)).toEqual([])
  })
})

describe.each(operations)('$name', ({ name, method, path, operation }) => {
  test('says what it does, what it takes and what it answers', () => {
    expect(operation.summary).toMatch(/^[A-Z]/)
    expect(operation.tags).toHaveLength(1)
    expect(statusesOf(operation).some(status => status >= 200 && status < 300)).toBe(true)
    for (const { description } of Object.values(operation.responses)) expect(description).toBeTruthy()
  })

  test('declares every parameter of its path, and only those', () => {
    const declared = (operation.parameters ?? []).filter(parameter => parameter.in === 'path')
    expect(declared.map(parameter => parameter.name).toSorted()).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, id]) => id).toSorted())
    expect(declared.filter(parameter => !parameter.required || !parameter.schema)).toEqual([])
  })

  test('answers problems as problems, each status with its own codes', () => {
    for (const [status, { content = {} }] of Object.entries(operation.responses).filter(([status]) => Number(status) >= 400)) {
      expect(Object.keys(content), status).toEqual(['application/problem+json'])
      const [problem, narrowed] = content['application/problem+json']!.schema.allOf!
      expect(problem).toEqual({ $ref: '#/components/schemas/Problem' })
      const codes = narrowed!.properties!.code!.enum!
      expect(codes.length).toBeGreaterThan(0)
      for (const code of codes) expect([code, statusOf[code as keyof typeof statusOf]]).toEqual([code, Number(status)])
    }
  })

  test('documents the problems that it cannot but have', () => {
    const statuses = statusesOf(operation)
    const isOpen = operation.security?.length === 0
    if (!isOpen) expect(statuses).toEqual(expect.arrayContaining([401, 403, 500, 503]))
    // What is put under a name need not have been there.
    if (!isOpen && path.includes('{') && method !== 'put') expect(statuses).toContain(404)
    if (jsonOf(operation)) expect(statuses).toEqual(expect.arrayContaining([400, 413, 415, 422]))
    if (operation.parameters?.some(parameter => parameter.name === 'if-match')) expect(statuses).toContain(412)
    expect(statuses.includes(412), name).toBe(operation.parameters?.some(parameter => parameter.name === 'if-match') ?? false)
  })

  test('takes a body where it changes something by one, which is required where a field is', () => {
    if (method === 'get' || method === 'delete') expect(operation.requestBody).toBeUndefined()
    const reference = jsonOf(operation)?.schema.$ref
    if (reference) expect(operation.requestBody!.required).toBe((schemaOf(nameOf(reference)).required ?? []).length > 0)
  })
})

test('a problem may have every code of the closed list, and no other', () => {
  expect(schemaOf('Problem').properties!.code!.enum).toEqual([...errorCodes])
  expect(schemaOf('Problem').required!.toSorted()).toEqual(['code', 'detail', 'status', 'title', 'trace_id', 'type'])
})

test('the limits of a list are told', () => {
  const { parameters = [] } = document.paths['/api/v1/users/me/usage']!.get!
  expect(parameters.map(({ name, required, schema }) => ({ name, required, schema }))).toEqual([
    { name: 'limit', required: false, schema: { default: 50, type: 'integer', minimum: 1, maximum: 200 } },
    { name: 'offset', required: false, schema: { default: 0, type: 'integer', minimum: 0, maximum: 1_000_000_000 } },
  ])
})

describe('the page to browse it', () => {
  const assetsOf = (html: string) => [...html.matchAll(/<(?:script|link)[^>]*?(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address)

  test.each(['//api/docs', '//api/docs/'])('loads with all its files: %s', async place => {
    const page = await anonymous.get(place)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    const assets = assetsOf(page.body)
    expect(assets.length).toBeGreaterThan(4)
    for (const asset of assets) {
      const file = await anonymous.get(`/${new URL(asset, `http://host${place.slice(1)}`).pathname}`)
      expect(file.status, asset).toBe(200)
      expect(file.headers.get('content-type'), asset).toMatch(
        asset.endsWith('.js') ? /javascript/ : asset.endsWith('.css') ? /text\/css/ : /image\//,
      )
      expect(file.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })

  test('knows no other address, and says so as everything else does', async () => {
    const answer = await anonymous.get('//api/docs/nothing-here.js')
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(answer.body).toMatchObject({ code: 'not_found', trace_id: answer.headers.get('x-trace-id') })
  })

  test('runs under its own content policy: no script or style stands in the page itself', async () => {
    const page = await anonymous.get('//api/docs/')
    const policy = page.headers.get('content-security-policy')!
    const directives = new Map(policy.split(';').map(directive => [directive.trim().split(' ')[0], directive.trim().split(' ').slice(1)]))
    expect(directives.get('script-src') ?? directives.get('default-src')).toEqual(["'self'"])
    expect(directives.get('style-src') ?? directives.get('default-src')).toContain("'self'")
    // Over plain HTTP it would turn every file of the page into one that is not there.
    expect(directives.has('upgrade-insecure-requests')).toBe(false)
    expect([...page.body.matchAll(/<script(?![^>]*\ssrc=)[^>]*>|\son\w+="|<style|javascript:/g)]).toEqual([])
    for (const asset of assetsOf(page.body)) expect(asset).not.toMatch(/^(https?:)?\/\//)
  })

  test('shows this very document', async () => {
    expect((await anonymous.get('//api/docs/json')).body).toEqual(document)
    const initializer = (await anonymous.get('//api/docs/static/swagger-initializer.js')).body
    expect(initializer).toContain('SwaggerUIBundle(')
  })
})
