import type { Observer } from '../domain/observation.ts'
import type { Database } from '../store/database.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { progressLog, type RoundLog } from '../store/progress-log.ts'
import { purgeSessions } from '../store/purge.ts'
import { countOldTurns, emptyOldSessions, removeOldFiles, removeOldTurns } from '../store/retention.ts'

export interface RetentionDependencies {
  database: Database
  jobs: JobQueue
  /** 0 keeps everything. */
  retentionDays: number
  log: RoundLog
  observer: Pick<Observer, 'turnsPurged'>
}

/** Removes turns and files that are older than they may become, and sessions that have nothing left. */
export async function applyRetention({ database, jobs, retentionDays, log, observer }: RetentionDependencies): Promise<void> {
  if (retentionDays === 0) return
  const progress = progressLog(
    log,
    'removing what is older than RETENTION_DAYS',
    await countOldTurns(database, retentionDays),
    observer.turnsPurged,
  )
  await removeOldTurns(database, retentionDays, progress.add)
  const files = await removeOldFiles(database, retentionDays)
  let sessions = 0
  const empty = () => emptyOldSessions(database, retentionDays)
  for (let ids = await empty(); ids.length > 0; ids = await empty()) {
    await purgeSessions(database, ids, () => {})
    sessions += ids.length
  }
  await jobs.enqueue(database, 'remove-objects', {})
  progress.end({ files, sessions })
}
