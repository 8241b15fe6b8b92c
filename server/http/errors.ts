import type { Socket } from 'node:net'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { v4 as uuidv4 } from 'uuid'
import type { ErrorCode } from '../../contract/errors.ts'
import { Refusal } from '../domain/refusal.ts'
import { isPassingTrouble } from '../store/database.ts'
import { PROBLEM_TYPE, problemOf, sendProblem } from './problem.ts'
import { ValidationFailure } from './validation.ts'

/** When the database comes back is unknown; this is when a client may try again. */
const RETRY_UNAVAILABLE_SECONDS = 5

/** Fastify's own refusals, by its error codes. */
const codeOfFrameworkError: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The body is larger than 1 MiB.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'Send the body as application/json.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['malformed_request', 'The body is not as long as Content-Length says.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['malformed_request', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['malformed_request', 'The body is not valid JSON.'],
  FST_ERR_BAD_URL: ['not_found', 'There is nothing at this address.'],
}

/** The one place where anything thrown becomes an answer. */
export function answerErrors(app: FastifyInstance): void {
  // Before a body is read: whatever is sent to a route that does not exist, the answer is the same.
  app.addHook('preParsing', async request => {
    if (request.is404) throw noSuchRoute(request)
  })
  app.setNotFoundHandler((request, reply) => answerError(noSuchRoute(request), request, reply))
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply))
}

export const noSuchRoute = (request: FastifyRequest) =>
  new Refusal('not_found', `There is no ${request.method} ${request.url.split('?', 1)[0]}.`)

/** An address that cannot be decoded; no hook has run for it. */
export function answerBadAddress(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  reply.header('x-trace-id', request.id)
  answerError(error, request, reply)
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof Refusal) return sendProblem(request, reply, error.code, error.message, error.members)
  if (error instanceof ValidationFailure) return sendProblem(request, reply, 'validation_error', error.message, { errors: error.errors })
  const known = codeOfFrameworkError[(error as FastifyError).code]
  if (known) return sendProblem(request, reply, known[0], known[1])
  if (isPassingTrouble(error)) {
    request.log.error({ err: error }, 'the database is away')
    return sendProblem(request, reply, 'unavailable', 'The database is not reachable just now. Try again in a moment.', {
      retry_after_seconds: RETRY_UNAVAILABLE_SECONDS,
    })
  }
  const status = (error as FastifyError).statusCode
  if (status !== undefined && status >= 400 && status < 500)
    return sendProblem(request, reply, 'malformed_request', 'The request cannot be read.')
  request.log.error({ err: error }, 'internal error')
  return sendProblem(request, reply, 'internal_error', 'Something went wrong on our side. Tell support the trace id.')
}

/** What is no HTTP, has too many headers, or takes too long to come: there is no request to answer, only a socket. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const traceId = uuidv4()
  const body = JSON.stringify(problemOf('malformed_request', 'The request cannot be read.', traceId))
  const headers = [
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Trace-ID: ${traceId}`,
    'Connection: close',
  ]
  socket.end(`HTTP/1.1 400 Bad Request\r\n${headers.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}
