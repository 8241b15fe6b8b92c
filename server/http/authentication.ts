import type { FastifyInstance } from 'fastify'
import { type AuthenticationDependencies, authenticate } from '../usecases/authenticate.ts'

/** Every route of the scope has a caller, known before any body is read. */
export function requireCaller(scope: FastifyInstance, deps: AuthenticationDependencies): void {
  scope.addHook('onRequest', async request => {
    request.caller = await authenticate(deps, request.headers.authorization)
  })
}
