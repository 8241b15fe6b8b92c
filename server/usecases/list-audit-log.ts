import type { AuditPage, AuditQuery } from '../../contract/admin.ts'
import { requireOrder } from '../domain/day-range.ts'
import { pageOfAuditLog } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'

export async function listAuditLog(deps: { database: Database }, query: AuditQuery): Promise<AuditPage> {
  requireOrder('to_date', query.from_date, query.to_date)
  return await pageOfAuditLog(deps.database, query)
}
