import type { Observer } from '../domain/observation.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import type { Database } from '../store/database.ts'
import { removeExpired } from '../store/expired.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { progressLog, type RoundLog } from '../store/progress-log.ts'
import { countDueTurns, dueSessions, purgeAgents, purgeRooms, purgeSessions } from '../store/purge.ts'

export interface PurgeDependencies {
  database: Database
  jobs: JobQueue
  log: RoundLog
  observer: Pick<Observer, 'turnsPurged'>
}

/** Removes for good what was deleted more than seven days ago, and what runs the machine and has run out. */
export async function purgeDeleted({ database, jobs, log, observer }: PurgeDependencies): Promise<void> {
  const due = { days: RESTORE_DAYS, userId: null }
  const progress = progressLog(log, 'purging what was deleted', await countDueTurns(database, due), observer.turnsPurged)
  let sessions = 0
  for (let ids = await dueSessions(database, due); ids.length > 0; ids = await dueSessions(database, due)) {
    await purgeSessions(database, ids, progress.add)
    sessions += ids.length
  }
  const rooms = await purgeRooms(database, due)
  const agents = await purgeAgents(database, due)
  const expired = await removeExpired(database)
  await jobs.enqueue(database, 'remove-objects', {})
  progress.end({ sessions, rooms, agents, expired })
}
