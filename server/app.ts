import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { AuthConfigRead } from '../contract/accounts.ts'
import { meRoutes, signInRoutes } from './http/accounts.ts'
import { requireAdministrator } from './http/admin-access.ts'
import { adminAnalyticsRoutes } from './http/admin-analytics.ts'
import { adminAuditLogRoutes } from './http/admin-audit-log.ts'
import { adminJobRoutes } from './http/admin-jobs.ts'
import { adminModelRoutes } from './http/admin-models.ts'
import { adminPricingRoutes } from './http/admin-pricing.ts'
import { adminSettingsRoutes } from './http/admin-settings.ts'
import { adminUserRoutes } from './http/admin-users.ts'
import { adminWalletRoutes } from './http/admin-wallets.ts'
import { agentRoutes } from './http/agents.ts'
import { apiKeyRoutes } from './http/api-keys.ts'
import { requireCaller } from './http/authentication.ts'
import { refuseWhenClosing } from './http/closing.ts'
import { cutEndedAnswers } from './http/ended-answers.ts'
import { answerBadAddress, answerErrors, answerUnreadable } from './http/errors.ts'
import { estimateRoutes } from './http/estimates.ts'
import { exportRoutes } from './http/exports.ts'
import { fileRoutes } from './http/files.ts'
import { type HealthDependencies, healthRoutes } from './http/health.ts'
import { parseJsonBodies } from './http/json-body.ts'
import { type LocalAccountRoutesOptions, localAccountRoutes } from './http/local-accounts.ts'
import { type MetricsRoute, metricsRoutes } from './http/metrics.ts'
import { modelRoutes } from './http/models.ts'
import { documentRoutes } from './http/openapi.ts'
import { pageRoutes } from './http/page.ts'
import { logRequests } from './http/request-log.ts'
import { roomAgentRoutes } from './http/room-agents.ts'
import { roomRoutes } from './http/rooms.ts'
import { searchRoutes } from './http/search.ts'
import { sessionRoutes } from './http/sessions.ts'
import { endSlowBodies } from './http/slow-bodies.ts'
import { stripeWebhookRoutes } from './http/stripe-webhook.ts'
import { topUpRoutes } from './http/top-ups.ts'
import { requestTraceId, sendTraceIds } from './http/trace-id.ts'
import { turnRoutes } from './http/turns.ts'
import { validatorCompiler } from './http/validation.ts'
import { walletRoutes } from './http/wallet.ts'
import type { Payments } from './payments/payment-provider.ts'
import type { AuthenticationDependencies } from './usecases/authenticate.ts'
import type { DeleteMeDependencies } from './usecases/delete-me.ts'
import type { TurnDependencies } from './usecases/run-turn/drive.ts'
import type { UploadDependencies } from './usecases/upload-file.ts'

export interface AppDependencies extends TurnDependencies, Omit<UploadDependencies, 'log'>, Pick<DeleteMeDependencies, 'localIssuer'> {
  authentication: AuthenticationDependencies
  /** Null where another issuer keeps the accounts. */
  localAccounts: LocalAccountRoutesOptions | null
  readAuthConfig: () => Promise<AuthConfigRead>
  /** Null where payments are switched off. */
  payments: Payments | null
  health: HealthDependencies
  /** Null where metrics are served elsewhere, or nowhere. */
  metrics: MetricsRoute | null
  /** Exact origins whose pages may call the API; `*` for every one. */
  corsOrigins: string[]
  /** Addresses and ranges of the proxies whose word counts for where a request comes from. */
  trustedProxies: string[]
  logger: FastifyBaseLogger
}

const BODY_BYTES_MAXIMUM = 1024 * 1024
/** As much as Node reads of a request's head: an id is never too long, it only names nothing. */
const PARAMETER_LENGTH_MAXIMUM = 16 * 1024
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']
const EXPOSED_HEADERS = ['X-Turn-ID', 'X-Trace-ID', 'Retry-After', 'Idempotent-Replayed', 'RateLimit', 'RateLimit-Policy', 'ETag']

/** Every route and scope of the program. */
export async function buildApp(deps: AppDependencies): Promise<FastifyInstance> {
  const app = fastify({
    loggerInstance: deps.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'trace_id' }),
    bodyLimit: BODY_BYTES_MAXIMUM,
    genReqId: requestTraceId,
    trustProxy: deps.trustedProxies,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PARAMETER_LENGTH_MAXIMUM },
    frameworkErrors: answerBadAddress,
    clientErrorHandler: answerUnreadable,
    // A large file on a slow line; whatever else has a body is given less (slow-bodies.ts).
    requestTimeout: 300_000,
    forceCloseConnections: 'idle',
    // refuseWhenClosing says it as every other error is said.
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: notAsked, buildSerializer: notAsked } },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  sendTraceIds(app)
  logRequests(app, deps.observer)
  answerErrors(app)
  refuseWhenClosing(app)
  endSlowBodies(app)
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: contentPolicy(deps.payments !== null) } })
  await app.register(cors, {
    origin: deps.corsOrigins.includes('*') || (deps.corsOrigins.length > 0 && deps.corsOrigins),
    methods: METHODS,
    credentials: true,
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    strictPreflight: false,
  })
  documentRoutes(app, deps.health.version)
  if (deps.localAccounts) await app.register(localAccountRoutes, deps.localAccounts)

  if (deps.metrics) metricsRoutes(app, deps.metrics)
  app.register(async signed => stripeWebhookRoutes(signed, deps))
  app.register(async open => {
    parseJsonBodies(open)
    healthRoutes(open, deps.health)
    open.register(
      async api => {
        healthRoutes(api, deps.health)
        signInRoutes(api, deps)
        api.register(async own => {
          requireCaller(own, deps.authentication)
          cutEndedAnswers(own, deps)
          meRoutes(own, deps)
          apiKeyRoutes(own, deps)
          modelRoutes(own, deps)
          agentRoutes(own, deps)
          roomRoutes(own, deps)
          roomAgentRoutes(own, deps)
          sessionRoutes(own, deps)
          turnRoutes(own, deps)
          estimateRoutes(own, deps)
          walletRoutes(own, deps)
          topUpRoutes(own, deps)
          searchRoutes(own, deps)
          exportRoutes(own, deps)
          own.register(async uploads => fileRoutes(uploads, deps))
          own.register(
            async admin => {
              requireAdministrator(admin)
              adminPricingRoutes(admin, deps)
              adminModelRoutes(admin, deps)
              adminAnalyticsRoutes(admin, deps)
              adminSettingsRoutes(admin, deps)
              adminWalletRoutes(admin, deps)
              adminUserRoutes(admin, deps)
              adminAuditLogRoutes(admin, deps)
              adminJobRoutes(admin, deps)
            },
            { prefix: '/admin' },
          )
        })
      },
      { prefix: '/api/v1' },
    )
  })
  await pageRoutes(app)
  return app
}

/** Schemas are compiled by what is set right after; the compilers that come along would be loaded were none named. */
function notAsked(): never {
  throw new Error('A schema is compiled before its compiler is set.')
}

/** Nothing from elsewhere, but for Stripe's card form where payments are on. */
const contentPolicy = (withPayments: boolean) => ({
  defaultSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
  ...(withPayments && {
    scriptSrc: ["'self'", 'https://js.stripe.com'],
    frameSrc: ['https://js.stripe.com', 'https://hooks.stripe.com'],
    connectSrc: ["'self'", 'https://api.stripe.com'],
  }),
})
