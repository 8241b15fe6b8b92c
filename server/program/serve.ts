import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { createBearerVerifier } from '../accounts/bearer.ts'
import { firstAccountCode } from '../accounts/first-account-code.ts'
import { createLocalAccounts, type LocalAccounts } from '../accounts/local-accounts.ts'
import { LOCAL_ISSUER } from '../accounts/local-issuer.ts'
import { type AppDependencies, buildApp } from '../app.ts'
import {
  type Config,
  isEmbedded,
  isLoopback,
  listenHost,
  localAccounts,
  publicUrl,
  signupGrant,
  signupPolicy,
  takesPayments,
} from '../config.ts'
import { sweepLapsedTurns } from '../jobs/lapsed-turns.ts'
import { keepLeases } from '../jobs/lease-keeper.ts'
import { runJobs } from '../jobs/run-jobs.ts'
import { createKeyedQueue } from '../live/keyed-queue.ts'
import { createMemoryTurnLogs } from '../live/memory-turn-logs.ts'
import { openRedis, type Redis } from '../live/redis.ts'
import { createRunningTurns, type RunningTurns } from '../live/running-turns.ts'
import { createModelProviders, type ModelProviders } from '../llm/providers.ts'
import { createTokenCounter } from '../llm/tokens.ts'
import type { Payments } from '../payments/payment-provider.ts'
import { createCatalogueCache } from '../store/catalogue.ts'
import { type ChangeSignal, listenForChanges } from '../store/change-signal.ts'
import { type OpenDatabase, openDatabase } from '../store/database.ts'
import { claimFirstOwner, firstOwnerExists } from '../store/first-owner.ts'
import { spendInvitation } from '../store/invitations.ts'
import { type JobQueue, openJobQueue } from '../store/job-queue.ts'
import { appliedHead, migrate, migrationHead } from '../store/migrate.ts'
import { createSettingsCache } from '../store/runtime-settings.ts'
import { createUserDirectory, type UserDirectory } from '../store/user-directory.ts'
import { createToolbox } from '../tools/toolbox.ts'
import { keptAuthSecret } from './data-secrets.ts'
import { type DatabaseAccess, openDatabaseAccess } from './database-access.ts'
import { filePlace, jobDependencies } from './job-dependencies.ts'
import { openPayments } from './payments.ts'
import { createTurnRateLimiter } from './rate-limits.ts'
import { issuers, modelTimeouts, providerAccesses, toolAccess, turnSettings } from './settings.ts'
import { startUpBlock } from './start-up-block.ts'
import { turnFiles } from './turn-files.ts'

export interface ServingProgram {
  /** `http://host:port`, the port that was really bound. */
  address: string
  /** Resolves when the program cannot go on, with the reason. */
  lost: Promise<Error>
  /** Stops taking requests, lets running turns finish for a while, leaves the database in order. */
  stop(): Promise<void>
}

/** Builds every dependency, migrates, listens. */
export async function serve(config: Config, version: string, log: Logger, say: (text: string) => void): Promise<ServingProgram> {
  const access = await openDatabaseAccess(config, log)
  try {
    const migrated = await migrate(access.direct)
    for (const name of migrated.applied) log.info({ migration: name }, 'migration applied')
    const serving = await serveOn(access, config, version, log, say)
    return {
      ...serving,
      async stop() {
        await serving.stop()
        await access.leave()
      },
    }
  } catch (error) {
    await access.leave()
    throw error
  }
}

async function serveOn(
  access: DatabaseAccess,
  config: Config,
  version: string,
  log: Logger,
  say: (text: string) => void,
): Promise<ServingProgram> {
  const onIdleError = (err: Error) => log.warn({ err }, 'a database connection broke')
  const database = openDatabase({ config: access.pooled, namedStatements: access.namedStatements, onIdleError })
  const changes = await listenForChanges(access.direct, err => log.warn({ err }, 'the change signal broke; it reconnects'))
  const ownerProcess = `${hostname()}:${process.pid}:${randomUUID()}`
  let port = config.PORT
  const redis = config.REDIS_URL ? await openRedis(config.REDIS_URL, log) : null
  const jobs = await openJobQueue({
    database,
    direct: access.direct,
    working: isEmbedded(config),
    onError: err => log.warn({ err }, 'the job queue met an error'),
  })
  const foundation = { database, jobs, changes, redis, version, log, ownerProcess, publicAddress: () => publicUrl(config, port) }
  const deps = appDependencies(config, { ...foundation, payments: await openPayments(config, log) })
  const { providers, runningTurns } = deps.app
  if (isEmbedded(config)) await runJobs(jobDependencies(config, { database, jobs, log }))

  const leases = keepLeases({ database, runningTurns, ownerProcess, log })
  followChanges(changes, deps.users, runningTurns, leases.renewNow)
  const app = await buildApp(deps.app)
  const sweepDeps = { database, ownerProcess, runningTurns, lowBalanceThreshold: config.LOW_BALANCE_THRESHOLD, log }
  // The owner of an embedded database is the only process that runs turns on it.
  const sweep = sweepLapsedTurns(sweepDeps, isEmbedded(config))
  const stop = () =>
    stopInOrder({ app, runningTurns, timers: [leases, sweep], jobs, changes, redis, database, providers }, config.SHUTDOWN_GRACE_SECONDS)
  try {
    const address = await app.listen({ host: listenHost(config), port: config.PORT })
    port = Number(new URL(address).port)
    const auth = await deps.app.readAuthConfig()
    const start = { config, version, address, database: access.about, providers: providers.configured, auth }
    say(startUpBlock({ ...start, firstAccountCode: auth.first_account_missing ? firstCode(config) : null }))
    // Loaded while nobody waits; the first sign-in would otherwise pay for it.
    deps.accounts?.warm().catch(err => log.error({ err }, 'local accounts could not be loaded'))
    return { address, lost: access.lost, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Foundation {
  database: OpenDatabase
  jobs: JobQueue
  changes: ChangeSignal
  /** Null where each process stands for itself. */
  redis: Redis | null
  version: string
  log: Logger
  /** Names this process among the replicas. */
  ownerProcess: string
  /** Where browsers reach this server; known once it listens. */
  publicAddress: () => string
  payments: Payments | null
}

/** Everything that the routes stand on. */
function appDependencies(
  config: Config,
  { database, jobs, changes, redis, version, log, ownerProcess, publicAddress, payments }: Foundation,
) {
  const providers = createModelProviders(providerAccesses(config), modelTimeouts(config))
  const users = createUserDirectory(database, { localIssuer: LOCAL_ISSUER, signupGrant: signupGrant(config) })
  const accounts = localAccounts(config) ? openAccounts(config, database, log, publicAddress) : null
  const app: AppDependencies = {
    database,
    jobs,
    storage: filePlace(config).storage,
    localIssuer: LOCAL_ISSUER,
    fileLimits: { fileBytes: config.FILE_MAX_BYTES, roomBytes: config.ROOM_FILES_MAX_BYTES },
    catalogue: createCatalogueCache(database, changes, providers.configured),
    turnLogs: createMemoryTurnLogs(),
    runningTurns: createRunningTurns(),
    providers,
    tokens: createTokenCounter(),
    tools: createToolbox({ ...toolAccess(config), demo: providers.configured.size === 0, files: scope => turnFiles(database, scope) }),
    settings: turnSettings(config),
    runtimeSettings: createSettingsCache(database, changes, config.CREDIT_ENFORCEMENT_ENABLED),
    rateLimiter: createTurnRateLimiter(config, redis, log),
    sameRequests: createKeyedQueue(),
    payments,
    ownerProcess,
    log,
    logger: log,
    authentication: {
      bearer: createBearerVerifier(issuers(config, accounts)),
      users,
      admins: { userIds: new Set(config.ADMIN_USER_IDS), emails: new Set(config.ADMIN_EMAILS.map(email => email.toLowerCase())) },
    },
    localAccounts: accounts && { accounts, baseUrl: publicAddress },
    readAuthConfig: authConfigReader(config, database, providers),
    health: {
      version,
      migrationHead: migrationHead(),
      appliedMigrationHead: () => appliedHead(database.pool),
      down: () => (redis?.isUp() === false ? ['redis'] : []),
    },
    corsOrigins: config.API_CORS_ALLOWED_ORIGINS ?? [],
  }
  return { app, users, accounts }
}

interface Stoppable {
  app: FastifyInstance
  runningTurns: RunningTurns
  timers: { stop(): void }[]
  jobs: JobQueue
  changes: ChangeSignal
  redis: Redis | null
  database: OpenDatabase
  providers: ModelProviders
}

const CLOSING_MS = 10_000
/** How long readers may take to get the last events of their streams. */
const PARTING_MS = 2_000

async function stopInOrder(
  { app, runningTurns, timers, jobs, changes, redis, database, providers }: Stoppable,
  graceSeconds: number,
): Promise<void> {
  const closed = app.close()
  if ((await runningTurns.drain(graceSeconds * 1000)) > 0) {
    for (const turnId of runningTurns.ids()) runningTurns.stop(turnId, 'interrupted')
    await runningTurns.drain(CLOSING_MS)
  }
  await partWithReaders(app, closed)
  for (const timer of timers) timer.stop()
  await jobs.stop()
  await changes.close()
  await redis?.close()
  await providers.close()
  await database.close()
}

async function partWithReaders(app: FastifyInstance, closed: Promise<unknown>): Promise<void> {
  // A connection that is kept alive would otherwise be waited for, too.
  const idle = setInterval(() => app.server.closeIdleConnections(), 20)
  await Promise.race([closed, sleep(PARTING_MS, undefined, { ref: false })])
  clearInterval(idle)
  app.server.closeAllConnections()
  await closed
}

function followChanges(changes: ChangeSignal, users: UserDirectory, runningTurns: RunningTurns, renewLeases: () => void): void {
  changes.subscribe(change => {
    const [noun, id] = change.split(/:(.*)/s)
    if (change === 'everything') {
      users.forgetEverybody()
      // Cancels may have been among what was missed.
      renewLeases()
    } else if (noun === 'users' && id) users.forgetUser(id)
    else if (noun === 'cancelled' && id) runningTurns.stop(id, 'cancelled')
  })
}

const authSecrets = (config: Config): string[] => config.AUTH_SECRET ?? [keptAuthSecret(config.PANTHEON_DATA_DIR)]

/** Needed unless only this machine can reach the server. */
const firstCode = (config: Config): string | null => (isLoopback(config) ? null : firstAccountCode(authSecrets(config)[0]!))

export const openAccounts = (config: Config, database: OpenDatabase, log: Logger, baseUrl: () => string): LocalAccounts =>
  createLocalAccounts({
    pool: database.pool,
    baseUrl,
    secrets: authSecrets(config),
    signup: signupPolicy(config),
    firstAccountCode: firstCode(config),
    trustedOrigins: config.API_CORS_ALLOWED_ORIGINS ?? [],
    records: { firstOwnerExists, claimFirstOwner, spendInvitation },
    log,
  })

/** What a sign-in page may know. That there is an owner is never untrue again, so it is asked for only until then. */
function authConfigReader(config: Config, database: OpenDatabase, providers: ModelProviders) {
  let ownerExists = false
  const local = localAccounts(config)
  return async () => {
    ownerExists ||= !local || (await firstOwnerExists(database))
    return {
      local,
      magic_link: false,
      signup: signupPolicy(config),
      first_account_missing: !ownerExists,
      first_account_code_required: !ownerExists && firstCode(config) !== null,
      external_issuers: [config.SUPABASE_URL && `${config.SUPABASE_URL}/auth/v1`, config.OIDC_ISSUER].filter(
        issuer => issuer !== undefined,
      ),
      demo_model: providers.configured.size === 0,
      ...(takesPayments(config) && { stripe_publishable_key: config.STRIPE_PUBLISHABLE_KEY }),
    }
  }
}

/** The OpenAPI document of this checkout. Routes are described by their schemas alone, so nothing is connected to. */
export async function openapiDocument(config: Config, version: string, log: Logger): Promise<unknown> {
  const database = openDatabase({ config: {}, namedStatements: true, onIdleError: () => {} })
  const changes = { subscribe: () => {}, close: async () => {} }
  const jobs = { enqueue: async () => {}, work: async () => {}, schedule: async () => {}, stop: async () => {} }
  const foundation = {
    database,
    jobs,
    changes,
    redis: null,
    version,
    log,
    ownerProcess: 'none',
    publicAddress: () => publicUrl(config),
    payments: null,
  }
  const app = await buildApp(appDependencies(config, foundation).app)
  await app.ready()
  return app.swagger()
}
