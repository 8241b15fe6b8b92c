import type { Observer } from '../domain/observation.ts'
import type { Database } from '../store/database.ts'
import { eraseLeftovers, hasRunningTurns } from '../store/erase-user.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { progressLog, type RoundLog } from '../store/progress-log.ts'
import { countDueTurns, dueSessions, purgeAgents, purgeRooms, purgeSessions } from '../store/purge.ts'

interface EraseUserDependencies {
  database: Database
  jobs: JobQueue
  log: RoundLog
  observer: Pick<Observer, 'turnsPurged'>
}

/** Removes the content of a user who asked for it. Rejects while a turn still runs, whose close would write more: then it is tried again. */
export async function eraseUser({ database, jobs, log, observer }: EraseUserDependencies, userId: string): Promise<void> {
  const due = { days: 0, userId }
  const progress = progressLog(log, 'erasing a user', await countDueTurns(database, due), observer.turnsPurged)
  for (let ids = await dueSessions(database, due); ids.length > 0; ids = await dueSessions(database, due)) {
    await purgeSessions(database, ids, progress.add)
  }
  if (await hasRunningTurns(database, userId)) throw new Error('a turn of the user still runs')
  const rooms = await purgeRooms(database, due)
  const agents = await purgeAgents(database, due)
  await eraseLeftovers(database, userId)
  await jobs.enqueue(database, 'remove-objects', {})
  progress.end({ user_id: userId, rooms, agents })
}
