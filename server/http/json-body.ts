import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ExactNumber } from '../../contract/values.ts'
import { decimal, decimalText } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import { ValidationFailure } from './validation.ts'

/** No body of ours holds more; checking one against a schema would keep everybody else waiting. */
const VALUES_MAXIMUM = 5_000

/** An empty body is `{}`, whatever it says it is: whether a field was required is for the schema to say. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, readJson(UTF_8.decode(body as Buffer)))
    } catch (error) {
      done(error instanceof ValidationFailure ? error : new Refusal('malformed_request', 'The body is not valid JSON.'))
    }
  })
  app.addContentTypeParser('*', (request, _payload, done) => {
    if (isEmpty(request)) done(null, {})
    else done(new Refusal('unsupported_media_type', 'Send the body as application/json.'))
  })
  app.addHook('preValidation', async request => {
    if (!request.routeOptions.schema?.body) refuseFields(request.body)
    else if (request.body === undefined) request.body = {}
  })
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true })

const isEmpty = ({ headers }: FastifyRequest) => headers['transfer-encoding'] === undefined && headers['content-length'] === '0'

/** A route that takes no body knows no field. */
function refuseFields(body: unknown): void {
  const [field] = typeof body === 'object' && body !== null ? Object.keys(body) : []
  if (field !== undefined) throw new ValidationFailure([{ path: field, message: 'is not a known field' }])
}

function readJson(text: string): unknown {
  if (text.trim() === '') return {}
  const value = JSON.parse(text) as unknown
  if (!hasAtMost(VALUES_MAXIMUM, value))
    throw new ValidationFailure([{ path: '', message: `the body must hold at most ${VALUES_MAXIMUM} values` }])
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown) : value
}

function hasAtMost(maximum: number, value: unknown): boolean {
  const left = [value]
  for (let seen = 0; left.length > 0; seen++) {
    if (seen + left.length > maximum) return false
    const next = left.pop()
    if (typeof next !== 'object' || next === null) continue
    // The length of a list is known without a look at it.
    if (Array.isArray(next) && next.length > maximum) return false
    for (const member of Object.values(next)) left.push(member)
  }
  return true
}

/** Other numbers survive a double unchanged, and JavaScript writes them as they stand. */
const MAY_LOSE_DIGITS = /\d[\d.]{15}|\d[eE]|0\.0{6}/

/** A number beyond it is not written out: no schema takes it. */
const EXPONENT_MAXIMUM = 40

/** Any number that JavaScript would not write as it stands becomes its own digits. */
function exactNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined || String(value) === context.source) return value
  const exact = decimal(context.source)
  const digits = Math.abs(exact.e) > EXPONENT_MAXIMUM ? context.source : decimalText(exact)
  return digits === String(value) ? value : new ExactNumber(digits)
}
