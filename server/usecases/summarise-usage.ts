import { type UsageSummaryQuery, type UsageSummaryRead, usageBuckets } from '../../contract/admin.ts'
import { requireOrder } from '../domain/day-range.ts'
import { usageSummary } from '../store/analytics.ts'
import type { Database } from '../store/database.ts'

/** A bucket that is none of the known words is as good as none. */
export async function summariseUsage(deps: { database: Database }, { bucket, ...query }: UsageSummaryQuery): Promise<UsageSummaryRead> {
  requireOrder('to_date', query.from_date, query.to_date)
  return await usageSummary(deps.database, query, usageBuckets.find(word => word === bucket) ?? null)
}
