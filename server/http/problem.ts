import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorCode, Problem } from '../../contract/errors.ts'
import type { ProblemMembers } from '../domain/refusal.ts'

/** The status of every code; the compiler refuses a code without one. Source: api.md, Errors. */
export const statusOf: Record<ErrorCode, number> = {
  malformed_request: 400,
  invalid_signature: 400,
  unauthenticated: 401,
  insufficient_credits: 402,
  monthly_cap_reached: 402,
  admin_required: 403,
  owner_required: 403,
  suspended: 403,
  insufficient_scope: 403,
  not_found: 404,
  conflict: 409,
  turn_in_progress: 409,
  idempotency_conflict: 409,
  version_conflict: 412,
  file_too_large: 413,
  payload_too_large: 413,
  unsupported_media_type: 415,
  unsupported_file: 422,
  model_unavailable: 422,
  validation_error: 422,
  no_valid_tagged_agents: 422,
  no_room_agents: 422,
  context_budget_exceeded: 422,
  streaming_tools_unsupported: 422,
  unsupported_mode: 422,
  too_many_running_turns: 429,
  rate_limited: 429,
  internal_error: 500,
  provider_error: 502,
  unavailable: 503,
  payment_not_configured: 503,
  provider_timeout: 504,
}

/** RFC 9457. */
export const PROBLEM_TYPE = 'application/problem+json'

const title = (code: ErrorCode) => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ')

export const problemOf = (code: ErrorCode, detail: string, traceId: string, members: ProblemMembers = {}): Problem => ({
  type: 'about:blank',
  title: title(code),
  status: statusOf[code],
  detail,
  code,
  trace_id: traceId,
  ...members,
})

export function sendProblem(request: FastifyRequest, reply: FastifyReply, code: ErrorCode, detail: string, members: ProblemMembers = {}) {
  const problem = problemOf(code, detail, request.id, members)
  if (members.retry_after_seconds !== undefined) reply.header('retry-after', members.retry_after_seconds)
  // RFC 9110, 15.5.2: a 401 names the scheme that it asks for.
  if (code === 'unauthenticated') reply.header('www-authenticate', 'Bearer')
  // Sent as text: a problem never passes the schema of the answer it stands in for.
  return reply.code(problem.status).type(PROBLEM_TYPE).serializer(String).send(JSON.stringify(problem))
}
