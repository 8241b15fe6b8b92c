import type { Logger } from 'pino'
import { createBearerVerifier } from '../accounts/bearer.ts'
import { LOCAL_ISSUER } from '../accounts/local-issuer.ts'
import type { AppDependencies } from '../app.ts'
import { type Config, localAccounts, signupGrant } from '../config.ts'
import { createKeyedQueue } from '../live/keyed-queue.ts'
import { createMemoryTurnLogs } from '../live/memory-turn-logs.ts'
import type { Redis } from '../live/redis.ts'
import { createRedisTurnLogs } from '../live/redis-turn-logs.ts'
import type { RunningTurns } from '../live/running-turns.ts'
import { createModelProviders } from '../llm/providers.ts'
import { createTokenCounter } from '../llm/tokens.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { Payments } from '../payments/payment-provider.ts'
import { createApiKeyDirectory } from '../store/api-key-directory.ts'
import { createCatalogueCache } from '../store/catalogue.ts'
import type { ChangeSignal } from '../store/change-signal.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { JobQueue } from '../store/job-queue.ts'
import { appliedHead, migrationHead } from '../store/migrate.ts'
import { createSettingsCache } from '../store/runtime-settings.ts'
import { createUserDirectory } from '../store/user-directory.ts'
import { createToolbox } from '../tools/toolbox.ts'
import { createUnheardAdmissions } from '../usecases/run-turn/unheard-admissions.ts'
import { authConfigReader, openAccounts } from './accounts.ts'
import { fileStorage } from './job-dependencies.ts'
import { createSignInLimiter, createTurnRateLimiter } from './rate-limits.ts'
import { issuers, modelTimeouts, providerAccesses, toolAccess, turnSettings } from './settings.ts'
import { turnFiles } from './turn-files.ts'
import type { Watching } from './watching.ts'

export interface Foundation {
  database: OpenDatabase
  jobs: JobQueue
  changes: ChangeSignal
  /** Null where each process stands for itself. */
  redis: Redis | null
  outbound: Outbound
  version: string
  log: Logger
  /** Names this process among the replicas. */
  ownerProcess: string
  /** Where browsers reach this server; known once it listens. */
  publicAddress: () => string
  payments: Payments | null
  runningTurns: RunningTurns
  watching: Watching
}

/** Everything that the routes stand on. */
export function appDependencies(
  config: Config,
  { database, jobs, changes, redis, outbound, version, log, ownerProcess, publicAddress, payments, runningTurns, watching }: Foundation,
) {
  const providers = createModelProviders(providerAccesses(config), modelTimeouts(config), outbound)
  const users = createUserDirectory(database, { localIssuer: LOCAL_ISSUER, signupGrant: signupGrant(config) })
  const accounts = localAccounts(config) ? openAccounts(config, database, log, publicAddress) : null
  const app: AppDependencies = {
    database,
    jobs,
    storage: fileStorage(config, outbound),
    localIssuer: LOCAL_ISSUER,
    fileLimits: { fileBytes: config.FILE_MAX_BYTES, roomBytes: config.ROOM_FILES_MAX_BYTES },
    catalogue: createCatalogueCache(database, changes, providers.configured),
    turnLogs: redis ? createRedisTurnLogs(redis) : createMemoryTurnLogs(),
    runningTurns,
    providers,
    tokens: createTokenCounter(),
    tools: createToolbox({
      ...toolAccess(config),
      outbound,
      demo: providers.configured.size === 0,
      files: scope => turnFiles(database, scope),
    }),
    settings: turnSettings(config),
    runtimeSettings: createSettingsCache(database, changes, config.CREDIT_ENFORCEMENT_ENABLED),
    rateLimiter: createTurnRateLimiter(config, redis, log, watching.observer.rateLimitSkipped),
    sameRequests: createKeyedQueue(),
    unheard: createUnheardAdmissions({ database, log }),
    payments,
    ownerProcess,
    log,
    logger: log,
    observer: watching.observer,
    metrics: watching.metricsRoute,
    authentication: {
      bearer: createBearerVerifier(issuers(config, accounts), outbound),
      users,
      apiKeys: createApiKeyDirectory(database, err => log.warn({ err }, 'when API keys were last used could not be stored')),
      admins: { userIds: new Set(config.ADMIN_USER_IDS), emails: new Set(config.ADMIN_EMAILS.map(email => email.toLowerCase())) },
    },
    localAccounts: accounts && {
      accounts,
      baseUrl: publicAddress,
      signInLimiter: createSignInLimiter(redis, log, watching.observer.rateLimitSkipped),
    },
    readAuthConfig: authConfigReader(config, database, providers),
    health: {
      version,
      migrationHead: migrationHead(),
      appliedMigrationHead: () => appliedHead(database.pool),
      down: () => (redis?.isUp() === false ? ['redis'] : []),
    },
    corsOrigins: config.API_CORS_ALLOWED_ORIGINS ?? [],
    trustedProxies: config.TRUST_PROXY,
  }
  return { app, accounts }
}
