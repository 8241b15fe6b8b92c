import type { FastifyInstance } from 'fastify'
import { decimal } from '../domain/money.ts'
import { Refusal } from '../domain/refusal.ts'

/** An empty body is `{}`: whether a field was required is for the schema to say. */
export function parseJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, readJson(String(body)))
    } catch {
      done(new Refusal('malformed_request', 'The body is not valid JSON.'))
    }
  })
  app.addHook('preValidation', async request => {
    if (request.body === undefined && request.routeOptions.schema?.body) request.body = {}
  })
}

const readJson = (text: string): unknown => {
  if (text.trim() === '') return {}
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown) : JSON.parse(text)
}

/** Numbers of up to 15 digits without an exponent survive a double unchanged. */
const MAY_LOSE_DIGITS = /\d[\d.]{15}|\d[eE]/

/** A number that a double cannot hold becomes its own digits, which decimal fields accept and all others refuse. */
function exactNumber(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || context.source === undefined) return value
  return Number.isFinite(value) && decimal(context.source).eq(value) ? value : context.source
}
