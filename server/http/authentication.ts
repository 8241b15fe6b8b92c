import type { FastifyInstance } from 'fastify'
import { type AuthenticationDependencies, authenticate } from '../usecases/authenticate.ts'

/** Every route of the scope has a caller, known before any body is read. */
export function requireCaller(scope: FastifyInstance, deps: AuthenticationDependencies): void {
  scope.addHook('onRequest', async (request, reply) => {
    // What a token opens is kept by nobody in between.
    reply.header('cache-control', 'no-store')
    request.caller = await authenticate(deps, request.headers.authorization)
  })
}
