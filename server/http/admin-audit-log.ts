import type { FastifyInstance } from 'fastify'
import { AuditPage, AuditQuery } from '../../contract/admin.ts'
import type { Database } from '../store/database.ts'
import { listAuditLog } from '../usecases/list-audit-log.ts'
import { problems, typed } from './api.ts'

export function adminAuditLogRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  typed(scope).get(
    '/audit-log',
    {
      schema: {
        summary: 'List who changed what and when, from which value to which, newest first',
        tags: ['Administration'],
        querystring: AuditQuery,
        response: { 200: AuditPage, ...problems('admin_required') },
      },
    },
    request => listAuditLog(deps, request.query),
  )
}
