import type { FastifyInstance } from 'fastify'
import { FoundMessagePage, SearchQuery } from '../../contract/search.ts'
import type { Database } from '../store/database.ts'
import { searchMessages } from '../usecases/search-messages.ts'
import { callerOf, problems, typed } from './api.ts'

export function searchRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  typed(scope).get(
    '/search',
    {
      schema: {
        summary: 'Find messages of one’s own, newest first',
        tags: ['Sessions'],
        querystring: SearchQuery,
        response: { 200: FoundMessagePage, ...problems() },
      },
    },
    request => searchMessages(deps, callerOf(request), request.query),
  )
}
