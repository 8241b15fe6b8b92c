import type { UsageAnalyticsQuery, UsageAnalyticsRead } from '../../contract/admin.ts'
import { requireOrder } from '../domain/day-range.ts'
import { usageByUserAndModel } from '../store/analytics.ts'
import type { Database } from '../store/database.ts'

export async function analyseUsage(deps: { database: Database }, query: UsageAnalyticsQuery): Promise<UsageAnalyticsRead> {
  requireOrder('end_date', query.start_date, query.end_date)
  return await usageByUserAndModel(deps.database, query)
}
