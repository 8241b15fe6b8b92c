import type { FastifyInstance } from 'fastify'
import { requireScope } from '../domain/credential.ts'
import { type AuthenticationDependencies, authenticate } from '../usecases/authenticate.ts'
import { isReading } from './reading.ts'

/** Every route of the scope has a caller, known before any body is read. */
export function requireCaller(scope: FastifyInstance, deps: AuthenticationDependencies): void {
  scope.addHook('onRequest', async (request, reply) => {
    // What a token opens is kept by nobody in between.
    reply.header('cache-control', 'no-store')
    const { caller, credential } = await authenticate(deps, request.headers.authorization)
    request.caller = caller
    request.credential = credential
    requireScope(credential, request.routeOptions.config.keyNeeds ?? (isReading(request) ? 'read' : 'write'))
  })
}
