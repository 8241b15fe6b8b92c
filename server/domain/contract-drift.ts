// What differs between two OpenAPI documents: routes, parameters, bodies, answers, and every field in them, named one by one.

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type JsonObject = { [name: string]: Json }

/** A part of a contract: what is said of it, and the parts that it has. */
interface Shape {
  facts: Map<string, string>
  parts: Map<string, Shape>
}

const FACTS = [
  ...['type', 'format', 'pattern', 'enum', 'const', 'default', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'multipleOf', 'contentEncoding'],
]
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']
const PLAIN_MEDIA = new Set(['application/json', 'application/problem+json'])

/** A sentence for each difference; wording (summaries, descriptions, examples) is none. `here` is this checkout, `there` the deployed one. */
export function documentDrift(here: unknown, there: unknown): string[] {
  return differences(documentShape(here), documentShape(there), '')
}

function differences(here: Shape, there: Shape, place: string): string[] {
  const told = (text: string) => (place === '' ? text : `${place}: ${text}`)
  const facts = [...namesOf(here.facts, there.facts)]
    .filter(name => here.facts.get(name) !== there.facts.get(name))
    .map(name => told(`${name} is ${here.facts.get(name) ?? 'not said'} here, ${there.facts.get(name) ?? 'not said'} there`))
  const parts = [...namesOf(here.parts, there.parts)].flatMap(name => {
    const [own, other] = [here.parts.get(name), there.parts.get(name)]
    const at = place === '' || name.startsWith('[') || name.startsWith('|') ? place + name : `${place}${separator(place)}${name}`
    if (own && other) return differences(own, other, at)
    return [`${at}: ${own ? 'missing there' : 'only there'}`]
  })
  return [...facts, ...parts]
}

/** A route and what belongs to it are words apart, fields are not. */
const separator = (place: string): string => (place.split(' ').length < 3 ? ' ' : '.')

const namesOf = (one: Map<string, unknown>, other: Map<string, unknown>): Set<string> => new Set([...one.keys(), ...other.keys()])

function documentShape(document: unknown): Shape {
  const root = objectOf(document as Json)
  const routes = Object.entries(objectOf(root.paths)).flatMap(([path, operations]) =>
    METHODS.flatMap(method => {
      const operation = objectOf(operations)[method]
      return operation === undefined ? [] : [[`${method.toUpperCase()} ${path}`, operationShape(objectOf(operation), root)] as const]
    }),
  )
  return { facts: new Map(), parts: new Map(routes) }
}

function operationShape(operation: JsonObject, root: JsonObject): Shape {
  const parts = new Map<string, Shape>()
  for (const parameter of listOf(operation.parameters)) {
    const { in: kind, name, required, schema } = objectOf(parameter)
    parts.set(`${kind}.${name}`, withFact(schemaShape(schema ?? {}, root), 'required', String(required === true)))
  }
  for (const [media, schema] of contents(operation.requestBody))
    parts.set(`body${media}`, withFact(schemaShape(schema, root), 'required', String(objectOf(operation.requestBody).required === true)))
  for (const [status, answer] of Object.entries(objectOf(operation.responses))) {
    parts.set(status, { facts: new Map(), parts: new Map() })
    for (const [media, schema] of contents(answer)) parts.set(`${status}${media}`, schemaShape(schema, root))
  }
  return { facts: new Map(Object.entries({ security: JSON.stringify(operation.security ?? root.security ?? null) })), parts }
}

const contents = (message: Json | undefined): [string, Json][] =>
  Object.entries(objectOf(objectOf(message).content)).map(([media, content]) => [
    PLAIN_MEDIA.has(media) ? '' : `(${media})`,
    objectOf(content).schema ?? {},
  ])

/** `seen` holds the references on the way here: a schema that contains itself is followed once. */
function schemaShape(schema: Json, root: JsonObject, seen: readonly string[] = []): Shape {
  const told = objectOf(schema)
  if (typeof told.$ref === 'string') {
    if (seen.includes(told.$ref)) return { facts: new Map([['refers to', lastWord(told.$ref)]]), parts: new Map() }
    return schemaShape(resolved(told.$ref, root), root, [...seen, told.$ref])
  }
  const facts = new Map(FACTS.flatMap(name => (told[name] === undefined ? [] : [[name, JSON.stringify(told[name])] as const])))
  const parts = new Map<string, Shape>()
  const required = new Set(listOf(told.required))
  for (const [name, property] of Object.entries(objectOf(told.properties)))
    parts.set(name, withFact(schemaShape(property, root, seen), 'required', String(required.has(name))))
  if (told.items !== undefined) parts.set('[]', schemaShape(told.items, root, seen))
  const { additionalProperties: others } = told
  if (typeof others === 'boolean') facts.set('other fields', others ? 'allowed' : 'refused')
  else if (others !== undefined) parts.set('[any name]', schemaShape(others, root, seen))
  for (const kind of ['anyOf', 'oneOf', 'allOf'])
    for (const [at, option] of listOf(told[kind]).entries()) {
      const name = `|${optionName(option, root, at)}`
      parts.set(parts.has(name) ? `${name}#${at}` : name, schemaShape(option, root, seen))
    }
  return { facts, parts }
}

/** Options have no names, and their order means nothing: each is called by what tells it from the others. */
function optionName(option: Json, root: JsonObject, at: number): string {
  const told = objectOf(option)
  const whole = typeof told.$ref === 'string' ? objectOf(resolved(told.$ref, root)) : told
  const tag = Object.values(objectOf(whole.properties)).find(property => objectOf(property).const !== undefined)
  if (tag !== undefined) return String(objectOf(tag).const)
  return typeof told.$ref === 'string' ? lastWord(told.$ref) : String(told.const ?? told.type ?? at)
}

const resolved = (reference: string, root: JsonObject): Json =>
  reference
    .replace(/^#\//, '')
    .split('/')
    .reduce<Json>((part, name) => objectOf(part)[name] ?? {}, root)

const lastWord = (reference: string): string => reference.split('/').at(-1) ?? reference

const withFact = (shape: Shape, name: string, value: string): Shape => ({ ...shape, facts: new Map([...shape.facts, [name, value]]) })

const objectOf = (value: Json | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {}

const listOf = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : [])
