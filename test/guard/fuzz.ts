import fc from 'fast-check'

// Requests made from the OpenAPI document: some nearly right, most of them wrong in one way or another.

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
}

interface Operation {
  parameters?: { in: string; name: string; schema?: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, unknown>
}

export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

export interface FuzzedRequest {
  route: string
  method: string
  address: string
  headers: Record<string, string>
  body: string | Uint8Array | null
}

const STRINGS = [
  '',
  ' ',
  '\0',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'toString',
  "'; drop table users; --",
  "' or '1'='1",
  '1; select pg_sleep(10)',
  '$1',
  '%',
  '%00',
  '../../../../etc/passwd',
  '..\\..\\windows',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '\ud800',
  '\u202e\u0000\ufeff',
  '👩‍👩‍👧‍👦'.repeat(50),
  'é'.normalize('NFD').repeat(500),
  'x'.repeat(300),
  'x'.repeat(70_000),
  '\r\nset-cookie: a=b',
  '=1+1',
  '-1',
  '1e309',
  'NaN',
  '9'.repeat(400),
  '2026-02-30',
  '0001-01-01',
  '+275760-09-14',
  '00000000-0000-0000-0000-000000000000',
]
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1e308',
  '1e400',
  '-1e400',
  '0.1e-400',
  '2147483648',
  '9223372036854775808',
  '1'.repeat(1_000),
  '0.000000001',
  '1.005',
]
const text = fc.oneof(fc.constantFrom(...STRINGS), fc.string({ unit: 'binary', maxLength: 60 }), fc.string({ maxLength: 20 }))

/** JSON text of anything at all. */
const anything: fc.Arbitrary<string> = fc.oneof(
  text.map(value => JSON.stringify(value)),
  fc.constantFrom(
    ...NUMBERS,
    'true',
    'null',
    '[]',
    '{}',
    '{"__proto__":{"isAdmin":true}}',
    '{"constructor":{"prototype":{"a":1}}}',
    '[[[[[]]]]]',
  ),
  fc.integer({ min: 1, max: 6_000 }).map(depth => `${'['.repeat(depth)}${']'.repeat(depth)}`),
  fc.integer({ min: 1, max: 3_000 }).map(depth => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  fc.integer({ min: 1, max: 6_000 }).map(length => `[${Array(length).fill('1').join()}]`),
  fc.json({ maxDepth: 4 }),
)

/** JSON text that fits the schema, more or less. */
function fitting(schema: Schema, document: Document, depth = 0): fc.Arbitrary<string> {
  if (schema.$ref) return fitting(document.components.schemas[schema.$ref.split('/').at(-1)!] ?? {}, document, depth)
  if (schema.const !== undefined) return fc.constant(JSON.stringify(schema.const))
  if (schema.enum) return fc.constantFrom(...schema.enum.map(value => JSON.stringify(value)))
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (choices) return fc.oneof(...choices.map(choice => fitting(choice, document, depth + 1)))
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object' && depth < 4) return members(schema, document, depth)
  if (type === 'array')
    return fc.array(fitting(schema.items ?? {}, document, depth + 1), { maxLength: 5 }).map(items => `[${items.join()}]`)
  if (type === 'boolean') return fc.constantFrom('true', 'false')
  if (type === 'integer' || type === 'number') return fc.oneof(fc.integer({ min: -5, max: 500 }).map(String), fc.constantFrom(...NUMBERS))
  if (type === 'string')
    return fc.oneof(fc.constantFrom('deepseek', 'roundtable', 'manual', 'Hello.', '1.5', 'user'), text).map(value => JSON.stringify(value))
  return anything
}

function members({ properties = {}, required = [] }: Schema, document: Document, depth: number): fc.Arbitrary<string> {
  const each = Object.entries(properties).map(([name, schema]) =>
    fc
      .tuple(
        fc.integer({ min: 0, max: 9 }),
        fc.oneof({ weight: 5, arbitrary: fitting(schema, document, depth + 1) }, { weight: 1, arbitrary: anything }),
      )
      .map(([luck, value]) => ((required.includes(name) ? luck > 0 : luck > 4) ? `${JSON.stringify(name)}:${value}` : null)),
  )
  const extra = fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.oneof(text, fc.constant('__proto__')), anything).map(([name, value]) => `${JSON.stringify(name)}:${value}`),
    },
  )
  return fc.tuple(...each, extra).map(parts => `{${parts.filter(part => part !== null).join()}}`)
}

const MULTIPART = fc
  .record({
    name: fc.oneof(fc.constant('file'), text),
    filename: fc.oneof(fc.constantFrom('a.txt', 'a.csv', 'a.pdf', 'a.docx', 'a.xlsx'), text),
    content: fc.uint8Array({ maxLength: 300 }),
    end: fc.constantFrom('\r\n--b--\r\n', '\r\n--b', ''),
  })
  .map(({ name, filename, content, end }) =>
    Buffer.concat([
      Buffer.from(`--b\r\ncontent-disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n`),
      content,
      Buffer.from(end),
    ]),
  )

/** `known` are ids and names that exist, by parameter; `spare` those that may be deleted. */
export function requestsOf(
  document: Document,
  known: Record<string, string[]>,
  spare: Record<string, string[]>,
): fc.Arbitrary<FuzzedRequest> {
  const routes = Object.entries(document.paths).flatMap(([address, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${address}`,
      method: method.toUpperCase(),
      address,
      operation,
    })),
  )
  const all = routes.map(({ route, method, address, operation }) => {
    const parameters = operation.parameters ?? []
    const ofPath = parameters
      .filter(parameter => parameter.in === 'path')
      .map(({ name }) =>
        fc.tuple(
          fc.constant(name),
          fc.oneof(
            { weight: 4, arbitrary: fc.constantFrom(...((method === 'DELETE' ? spare : known)[name] ?? ['x'])) },
            // An empty name, or one that a client resolves, makes another address.
            { weight: 1, arbitrary: text.filter(value => !/^\.{0,2}$/.test(value)) },
          ),
        ),
      )
    const ofQuery = parameters
      .filter(parameter => parameter.in === 'query')
      .map(({ name }) =>
        fc.option(
          fc.tuple(
            fc.constant(name),
            fc.oneof(
              fc.integer({ min: -2, max: 300 }).map(String),
              fc.constantFrom('true', 'day', 'month', '2026-01-01', 'markdown', 'detailed', 'private'),
              text,
            ),
          ),
          { freq: 2 },
        ),
      )
    const ofHeader = parameters
      .filter(parameter => parameter.in === 'header')
      .map(({ name }) =>
        fc.option(
          fc.tuple(
            fc.constant(name),
            fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('"1"', '*', 'W/"x"', 'k', 'x'.repeat(300))).map(headerValue),
          ),
          { freq: 2 },
        ),
      )
    const schema = operation.requestBody?.content['application/json']?.schema
    const json = fc.oneof(
      { weight: 8, arbitrary: schema ? fitting(schema, document) : fc.constant(null) },
      { weight: 2, arbitrary: anything },
      { weight: 1, arbitrary: text },
      { weight: 1, arbitrary: fc.constantFrom('{', '[1,', '{"a":1,}', '\ufeff{}', '"', `{"message":"${'x'.repeat(1_100_000)}"}`) },
    )
    const type = fc.oneof(
      { weight: 12, arbitrary: fc.constant('application/json') },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          'text/plain',
          'application/xml',
          'multipart/form-data; boundary=b',
          'application/json; charset=utf-16',
          'x',
        ),
      },
    )
    const takesUpload = method === 'POST' && address.endsWith('/files')
    const body: fc.Arbitrary<{ body: string | Uint8Array | null; type: string }> = takesUpload
      ? MULTIPART.map(bytes => ({ body: bytes, type: 'multipart/form-data; boundary=b' }))
      : method === 'GET'
        ? fc.constant({ body: null, type: '' })
        : fc.record({ body: json, type })
    return fc.tuple(fc.tuple(...ofPath), fc.tuple(...ofQuery), fc.tuple(...ofHeader), body).map(([inPath, inQuery, inHeader, sent]) => {
      const values = new Map(inPath)
      const query = new URLSearchParams(
        inQuery.filter(pair => pair !== null).map(([name, value]) => [name, value.toWellFormed()] as [string, string]),
      )
      return {
        route,
        method,
        address: `${address.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent((values.get(name) ?? '').toWellFormed()))}?${query}`,
        headers: {
          ...(sent.body !== null && { 'content-type': sent.type }),
          ...Object.fromEntries(inHeader.filter(pair => pair !== null)),
        },
        body: sent.body,
      }
    })
  })
  return fc.oneof(...all)
}

/** What a header may hold at all; the rest no client can send. */
const headerValue = (value: string) => value.replace(/[^\x20-\x7e]/g, '').trim()
