import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { buildApp } from '../app.ts'
import { type Config, isEmbedded, listenHost, publicUrl } from '../config.ts'
import { sweepLapsedTurns } from '../jobs/lapsed-turns.ts'
import { keepLeases } from '../jobs/lease-keeper.ts'
import { runJobs } from '../jobs/run-jobs.ts'
import { openRedis } from '../live/redis.ts'
import { createRunningTurns } from '../live/running-turns.ts'
import { listenForChanges } from '../store/change-signal.ts'
import { openDatabase } from '../store/database.ts'
import { createJobQueue } from '../store/job-queue.ts'
import { migrate } from '../store/migrate.ts'
import type { FaultReports } from '../telemetry/fault-reports.ts'
import { firstCode } from './accounts.ts'
import { appDependencies } from './app-dependencies.ts'
import { type DatabaseAccess, openDatabaseAccess } from './database-access.ts'
import { endServing } from './end-serving.ts'
import { followChanges } from './follow-changes.ts'
import { jobDependencies } from './job-dependencies.ts'
import { openOutbound } from './outbound-access.ts'
import { openPayments } from './payments.ts'
import { startUpBlock } from './start-up-block.ts'
import { openWatching } from './watching.ts'

export interface ServingProgram {
  /** `http://host:port`, the port that was really bound. */
  address: string
  /** Resolves when the program cannot go on, with the reason. */
  lost: Promise<Error>
  /** Stops taking requests, lets running turns finish for a while, leaves the database in order. */
  stop(): Promise<void>
}

/** Loading the library of local accounts stops everything for a moment: soon, before anybody is there, but behind the first request, which waits already. */
const WARM_AFTER_MS = 50

/** What has been opened already; closed with the rest. */
interface Begun {
  reports?: FaultReports | null
  access?: Promise<DatabaseAccess>
}

/** Builds every dependency, migrates, listens. When that fails, what was opened by then is closed as it is when the program stops. */
export async function serve(
  config: Config,
  version: string,
  log: Logger,
  say: (text: string) => void,
  { reports = null, access: opening = openDatabaseAccess(config, log) }: Begun = {},
): Promise<ServingProgram> {
  // Closed in the reverse order of opening: what others stand on comes first here.
  await using opened = new AsyncDisposableStack()
  if (reports) opened.defer(() => reports.close())
  const access = opened.adopt(await opening, ({ leave }) => leave())
  const migrated = await migrate(access.direct)
  for (const name of migrated.applied) log.info({ migration: name }, 'migration applied')
  const onIdleError = (err: Error) => log.warn({ err }, 'a database connection broke')
  const database = opened.adopt(
    openDatabase({ config: access.pooled, namedStatements: access.namedStatements, onIdleError }),
    ({ close }) => close(),
  )
  const redis = config.REDIS_URL ? opened.adopt(await openRedis(config.REDIS_URL, log), redis => redis.close()) : null
  const outbound = opened.adopt(openOutbound(config), outbound => outbound.close())
  const runningTurns = createRunningTurns()
  const watched = { database, version, isRedisUp: redis?.isUp ?? null, turnsRunning: () => runningTurns.ids().length, log }
  const watching = opened.adopt(await openWatching(config, watched, reports), watching => watching.close())
  const onSignalBroken = (err: Error) => log.warn({ err }, 'the change signal broke; it reconnects')
  const changes = opened.adopt(await listenForChanges(access.direct, onSignalBroken), changes => changes.close())
  const onJobError = (err: Error) => log.warn({ err }, 'the job queue met an error')
  const queue = { database, direct: access.direct, working: isEmbedded(config), onError: onJobError }
  const jobs = opened.adopt(createJobQueue(queue), jobs => jobs.stop())

  const ownerProcess = `${hostname()}:${process.pid}:${randomUUID()}`
  let port = config.PORT
  const publicAddress = () => publicUrl(config, port)
  const foundation = { database, jobs, changes, redis, outbound, version, log, ownerProcess, publicAddress, runningTurns, watching }
  const deps = appDependencies(config, { ...foundation, payments: await openPayments(config, outbound, log) })
  const { providers, turnLogs, authentication } = deps.app
  opened.defer(() => turnLogs.close())
  opened.defer(() => authentication.apiKeys.close())
  const leases = opened.adopt(keepLeases({ database, runningTurns, ownerProcess, log }), leases => leases.stop())
  followChanges(changes, authentication, runningTurns, leases.renewNow)
  const sweepDeps = { observer: watching.observer, database, ownerProcess, runningTurns, turnLogs, log }
  // The owner of an embedded database is the only process that runs turns on it.
  const sweep = sweepLapsedTurns({ ...sweepDeps, lowBalanceThreshold: config.LOW_BALANCE_THRESHOLD }, isEmbedded(config))
  opened.defer(() => sweep.stop())
  const startJobs = async () => {
    await jobs.start()
    if (isEmbedded(config)) await runJobs(jobDependencies(config, outbound, { database, jobs, log, observer: watching.observer }))
  }
  // The one waits for nothing and the other mostly for the database.
  const [app] = await Promise.all([buildApp(deps.app), startJobs()])
  opened.defer(() => endServing(app, runningTurns, config.SHUTDOWN_GRACE_SECONDS))
  const address = await app.listen({ host: listenHost(config), port: config.PORT })
  port = Number(new URL(address).port)
  const auth = await deps.app.readAuthConfig()
  const start = { config, version, address, database: access.about, providers: providers.configured, auth, watched: watching.about }
  say(startUpBlock({ ...start, firstAccountCode: auth.first_account_missing ? firstCode(config) : null }))
  const warming = setTimeout(() => {
    deps.accounts?.warm().catch(err => log.error({ err }, 'local accounts could not be loaded'))
  }, WARM_AFTER_MS)
  opened.defer(() => clearTimeout(warming))
  const running = opened.move()
  return { address, lost: access.lost, stop: () => running.disposeAsync() }
}
