import type { Logger } from 'pino'
import { type Config, isEmbedded } from '../config.ts'
import { runJobs } from '../jobs/run-jobs.ts'
import { openDatabase } from '../store/database.ts'
import { createJobQueue } from '../store/job-queue.ts'
import { migrate } from '../store/migrate.ts'
import type { FaultReports } from '../telemetry/fault-reports.ts'
import { openDatabaseAccess } from './database-access.ts'
import { aboutFiles, jobDependencies } from './job-dependencies.ts'
import { openOutbound } from './outbound-access.ts'
import { openWatching } from './watching.ts'

export interface WorkingProgram {
  /** Lets running jobs finish for a while, then leaves the database in order. */
  stop(): Promise<void>
}

/** A round over the whole database takes its time, and nobody waits for it; a server that is gone is found out by asking its machine. */
const PATIENCE = { query_timeout: 0, keepAliveInitialDelayMillis: 10_000 }

/** Runs jobs for as long as it lives; as many beside one another as there is work for. */
export async function work(
  config: Config,
  version: string,
  log: Logger,
  say: (text: string) => void,
  reports: FaultReports | null = null,
): Promise<WorkingProgram> {
  if (isEmbedded(config)) throw new Error('With the embedded PostgreSQL the server runs the jobs itself. Set DATABASE_URL to run a worker.')
  // Closed in the reverse order of opening, when the start fails as well as when the program stops.
  await using opened = new AsyncDisposableStack()
  if (reports) opened.defer(() => reports.close())
  const access = opened.adopt(await openDatabaseAccess(config, log), ({ leave }) => leave())
  await migrate(access.direct)
  const onIdleError = (err: Error) => log.warn({ err }, 'a database connection broke')
  const database = opened.adopt(
    openDatabase({ config: { ...access.pooled, ...PATIENCE }, namedStatements: access.namedStatements, onIdleError }),
    ({ close }) => close(),
  )
  const watched = { database, version, isRedisUp: null, turnsRunning: () => 0, log }
  const watching = opened.adopt(await openWatching(config, watched, reports), watching => watching.close())
  const outbound = opened.adopt(openOutbound(config), outbound => outbound.close())
  const onError = (err: Error) => log.warn({ err }, 'the job queue met an error')
  const jobs = opened.adopt(createJobQueue({ database, direct: access.direct, working: true, onError }), jobs => jobs.stop())
  await jobs.start()
  const deps = jobDependencies(config, outbound, { database, jobs, log, observer: watching.observer })
  await deps.storage.check()
  await runJobs(deps)
  const aboutWatching = watching.about && `\n  watched   ${watching.about}`
  say(`Pantheon ${version}, worker\n  database  ${access.about}\n  files     ${aboutFiles(config)}${aboutWatching}`)
  const running = opened.move()
  return { stop: () => running.disposeAsync() }
}
