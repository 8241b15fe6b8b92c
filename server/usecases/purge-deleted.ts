import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { progressLog, type RoundLog } from '../store/progress-log.ts'
import { countDueTurns, dueSessions, purgeAgents, purgeRooms, purgeSessions } from '../store/purge.ts'

export interface PurgeDependencies {
  database: Database
  jobs: JobQueue
  log: RoundLog
}

/** Removes for good what was deleted more than seven days ago. */
export async function purgeDeleted({ database, jobs, log }: PurgeDependencies): Promise<void> {
  const due = { days: RESTORE_DAYS, userId: null }
  const progress = progressLog(log, 'purging what was deleted', await countDueTurns(database, due))
  let sessions = 0
  for (let ids = await dueSessions(database, due); ids.length > 0; ids = await dueSessions(database, due)) {
    await purgeSessions(database, ids, progress.add)
    sessions += ids.length
  }
  const rooms = await purgeRooms(database, due)
  const agents = await purgeAgents(database, due)
  await jobs.enqueue(database, 'remove-objects', {})
  progress.end({ sessions, rooms, agents })
}
