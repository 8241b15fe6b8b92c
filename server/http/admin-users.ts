import type { FastifyInstance } from 'fastify'
import { UserPage, UserQuery, UserRead, UserUpdate } from '../../contract/admin.ts'
import { findUsers } from '../usecases/find-users.ts'
import { type UpdateUserDependencies, updateUser } from '../usecases/update-user.ts'
import { bodyProblems, callerOf, problems, textPath, typed } from './api.ts'

export function adminUserRoutes(scope: FastifyInstance, deps: UpdateUserDependencies): void {
  const app = typed(scope)
  const tags = ['Administration']
  const user = textPath('user_id')

  app.get(
    '/users',
    {
      schema: {
        summary: 'Find users by their whole id or a part of their e-mail address, newest first',
        tags,
        querystring: UserQuery,
        response: { 200: UserPage, ...problems('admin_required') },
      },
    },
    request => findUsers(deps, request.query),
  )
  app.patch(
    '/users/:user_id',
    {
      // Who is owner, and who is suspended, decides who can take a key that leaked back.
      config: { keyNeeds: 'person' },
      schema: {
        summary: "Change a user's role, suspension or monthly cap; there is always an owner left",
        tags,
        params: user,
        body: UserUpdate,
        response: { 200: UserRead, ...problems(...bodyProblems, 'admin_required', 'owner_required', 'not_found', 'conflict') },
      },
    },
    request => updateUser(deps, callerOf(request), request.params.user_id, request.body),
  )
}
