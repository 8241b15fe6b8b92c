import type { ActiveUsersQuery, ActiveUsersRead, ActivityWindow } from '../../contract/admin.ts'
import { countActiveUsers } from '../store/analytics.ts'
import type { Database } from '../store/database.ts'

const daysOf: Record<ActivityWindow, number> = { day: 1, week: 7, month: 30 }

export async function analyseActivity(deps: { database: Database }, { window, as_of }: ActiveUsersQuery): Promise<ActiveUsersRead> {
  const { asOf, activeUsers, newUsers } = await countActiveUsers(deps.database, daysOf[window], as_of ?? null)
  return { window, as_of: asOf, active_users: activeUsers, new_users: newUsers }
}
