import type { FastifyInstance } from 'fastify'
import { AuthConfigRead, MeRead } from '../../contract/accounts.ts'
import { callerOf, problems, problemsOf, typed } from './api.ts'

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

export function meRoutes(scope: FastifyInstance): void {
  typed(scope).get('/auth/me', { schema: { summary: 'Who am I?', tags, response: { 200: MeRead, ...problems() } } }, async request => {
    const { userId, email, role } = callerOf(request)
    return { user_id: userId, email, role }
  })
}
