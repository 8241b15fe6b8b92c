import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ExactNumber } from '../../contract/values.ts'
import { decimal, decimalText } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'
import { demandReasonableJson } from './json-bounds.ts'
import { ValidationFailure } from './validation.ts'

/** An empty body is `{}`, whatever it says it is: whether a field was required is for the schema to say. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      demandReasonableJson(body as Buffer)
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
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown) : value
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
