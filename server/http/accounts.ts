import type { FastifyInstance } from 'fastify'
import { AuthConfigRead, MeRead } from '../../contract/accounts.ts'
import { type SignOutDependencies, signOutEverywhere } from '../usecases/sign-out-everywhere.ts'
import { callerOf, NoContent, problems, problemsOf, typed } from './api.ts'

const tags = ['Accounts']

/** For everybody, signed in or not. */
export function signInRoutes(scope: FastifyInstance, deps: { readAuthConfig: () => Promise<AuthConfigRead> }): void {
  typed(scope).get(
    '/auth/config',
    {
      schema: {
        summary: 'Which ways to sign in there are',
        tags,
        security: [],
        response: { 200: AuthConfigRead, ...problemsOf(['internal_error', 'unavailable']) },
      },
    },
    () => deps.readAuthConfig(),
  )
}

export function meRoutes(scope: FastifyInstance, deps: SignOutDependencies): void {
  const app = typed(scope)
  app.get('/auth/me', { schema: { summary: 'Who am I?', tags, response: { 200: MeRead, ...problems() } } }, async request => {
    const { userId, email, role } = callerOf(request)
    return { user_id: userId, email, role }
  })
  app.post(
    '/users/me/sign-out-everywhere',
    {
      config: { keyNeeds: 'person' },
      schema: {
        summary: 'End every session, this one too; their tokens are refused, and their open answers cut, within 5 seconds',
        description:
          'API keys stay. Where another issuer keeps the accounts, the tokens it gave out so far are refused; its sessions are for it to end.',
        tags,
        response: { 204: NoContent, ...problems() },
      },
    },
    async (request, reply) => {
      await signOutEverywhere(deps, callerOf(request))
      return reply.code(204).send()
    },
  )
}
