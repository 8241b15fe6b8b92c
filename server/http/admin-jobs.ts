import type { FastifyInstance } from 'fastify'
import { FailedJobPage } from '../../contract/jobs.ts'
import { pageQuery } from '../../contract/values.ts'
import type { Database } from '../store/database.ts'
import { listFailedJobs } from '../usecases/list-failed-jobs.ts'
import { problems, typed } from './api.ts'

export function adminJobRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  typed(scope).get(
    '/jobs/failed',
    {
      schema: {
        summary: 'List jobs that were given up, newest first',
        tags: ['Administration'],
        querystring: pageQuery(50, 200),
        response: { 200: FailedJobPage, ...problems('admin_required') },
      },
    },
    request => listFailedJobs(deps, request.query),
  )
}
