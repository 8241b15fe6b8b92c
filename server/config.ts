import { z } from 'zod'
import { signupPolicies } from '../contract/accounts.ts'
import {
  connection,
  credits,
  flag,
  headers,
  integer,
  key,
  list,
  oneOf,
  origin,
  originOrAny,
  proxyRange,
  ratio,
  redis,
  secrets,
  share,
  text,
  url,
  usd,
} from './config/kinds.ts'
import { decimal } from './domain/money.ts'
import { creditsForUsd } from './domain/top-up.ts'

// Every variable that Pantheon reads, in one place: what it is called, what it may be, what it does. A pure function of an object.

/** By what they are about; the order is that of the two files that are made from it. */
const sections = {
  Serving: {
    NODE_ENV: oneOf(['development', 'test', 'production'])
      .default('development')
      .describe('`production` refuses to start with anything insecure.'),
    PORT: integer(0, 65_535).default(8000).describe('Port of the HTTP server.'),
    HOST: text.optional().describe('Address to listen on. Default: `127.0.0.1` embedded, `0.0.0.0` with `DATABASE_URL`.'),
    PUBLIC_URL: origin
      .optional()
      .describe('Where browsers reach this server, e.g. `https://pantheon.example.com`. Default: `http://localhost:<PORT>`.'),
    API_CORS_ALLOWED_ORIGINS: list
      .pipe(z.array(originOrAny))
      .optional()
      .describe('Exact origins, comma separated, whose pages may call the API; `*` for every one, outside production.'),
    TRUST_PROXY: list
      .pipe(z.array(proxyRange))
      .default([])
      .describe(
        'Proxies in front of this server, comma separated, whose `X-Forwarded-For` says where a request comes from: addresses, ranges, `loopback`, `uniquelocal` (all private ranges). Default: none.',
      ),
    LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info').describe('How much is logged.'),
    SHUTDOWN_GRACE_SECONDS: integer(0, 3600).default(30).describe('How long running turns may finish after SIGTERM.'),
  },
  Data: {
    PANTHEON_DATA_DIR: text.default('./data').describe('Folder of the embedded PostgreSQL, its log, secrets and files.'),
    DATABASE_URL: connection
      .optional()
      .describe('A PostgreSQL of your own (15 or later) instead of the embedded one; a direct connection.'),
    DATABASE_POOL_URL: connection
      .optional()
      .describe('The same database behind a pooler (transaction mode is fine); wins for requests. Needs `DATABASE_URL` too.'),
    REDIS_URL: redis
      .optional()
      .describe(
        'A Redis (6.2 or later) that several processes share, so that limits hold over all of them and streams go on at any. Default: each for itself.',
      ),
  },
  Files: {
    FILE_MAX_BYTES: integer(1, 1_073_741_824).default(10_485_760).describe('Largest file that can be uploaded, in bytes.'),
    ROOM_FILES_MAX_BYTES: integer(1, 1_099_511_627_776)
      .default(104_857_600)
      .describe('Most bytes that the files of one room, or of one standalone session, come to together.'),
    S3_ENDPOINT: url
      .optional()
      .describe('An S3-compatible store for files, without the bucket. Default: the folder `files` of the data folder.'),
    S3_BUCKET: text.optional().describe('The bucket, which must exist. Required with `S3_ENDPOINT`.'),
    S3_REGION: text.default('us-east-1').describe('The region that requests to the store are signed for.'),
    S3_ACCESS_KEY_ID: text.optional().describe('Key of the store. Required with `S3_ENDPOINT`.'),
    S3_SECRET_ACCESS_KEY: key.optional().describe('Its secret. Required with `S3_ENDPOINT`.'),
    RETENTION_DAYS: integer(0, 36_500).default(90).describe('Days after which turns and files are removed; 0 keeps them for ever.'),
  },
  Accounts: {
    AUTH_SECRET: secrets
      .optional()
      .describe(
        'Signs local accounts. Two, comma separated, during a rotation: the first signs, both verify. Default: made once and kept in the data folder.',
      ),
    SIGNUP: oneOf(signupPolicies)
      .optional()
      .describe('Who may make a local account after the first. Default: `open` embedded on loopback, else `invite`.'),
    SIGNUP_GRANT_CREDITS: credits.optional().describe('Credits that a new user starts with. Default: 100 embedded, else 0.'),
    ADMIN_USER_IDS: list.default([]).describe('User ids that are always owners, comma separated.'),
    ADMIN_EMAILS: list.default([]).describe('Verified e-mail addresses that are always owners, comma separated.'),
    SMTP_URL: text
      .refine(value => /^smtps?:\/\//.test(value), 'must be a smtp:// or smtps:// URL')
      .meta({ secret: true })
      .optional()
      .describe(
        'Mail server that sends sign-in links, e.g. `smtp://user:password@mail.example.com:587`. Without it they are printed in the log, and in production there are none.',
      ),
    SMTP_FROM: text.optional().describe('The sender of those mails, e.g. `Pantheon <pantheon@example.com>`. Required with `SMTP_URL`.'),
    SUPABASE_URL: url
      .optional()
      .describe('Supabase project: issuer `<url>/auth/v1`, its keys and the audience `authenticated` follow from it.'),
    SUPABASE_JWT_SECRET: secrets.optional().describe('For Supabase projects with the legacy HS256 secret. Two during a rotation.'),
    OIDC_ISSUER: url.optional().describe('Any OpenID Connect issuer whose tokens are accepted.'),
    OIDC_AUDIENCE: text.optional().describe('The audience those tokens must carry. Required with `OIDC_ISSUER`.'),
  },
  Models: {
    OPENROUTER_API_KEY: key.optional().describe('Key of OpenRouter, which the seeded aliases point at.'),
    OPENROUTER_BASE_URL: url
      .default('https://openrouter.ai/api/v1')
      .describe('An OpenRouter-compatible endpoint; setting it is enough where no key is needed.'),
    OPENAI_API_KEY: key.optional().describe('Key of OpenAI or of any compatible endpoint.'),
    OPENAI_BASE_URL: url
      .default('https://api.openai.com/v1')
      .describe('An OpenAI-compatible endpoint (Ollama, vLLM, llama.cpp); setting it is enough where no key is needed.'),
    ANTHROPIC_API_KEY: key.optional().describe('Key of Anthropic.'),
    GOOGLE_API_KEY: key.optional().describe('Key of the Google Gemini API.'),
    MODEL_CONNECT_TIMEOUT_MS: integer(100, 600_000).default(10_000).describe('How long connecting to a provider may take.'),
    MODEL_FIRST_TOKEN_TIMEOUT_MS: integer(100, 600_000).default(60_000).describe('How long a provider may take to its first token.'),
    MODEL_IDLE_TIMEOUT_MS: integer(100, 600_000).default(30_000).describe('How long a provider may be silent between chunks.'),
    ORCHESTRATOR_MANAGER_MODEL_ALIAS: text.default('deepseek').describe('The alias that routes, judges and synthesises.'),
    ORCHESTRATOR_MAX_DEPTH: integer(1, 20).default(3).describe('Most rounds of an orchestrated turn.'),
    ORCHESTRATOR_MAX_SPECIALIST_INVOCATIONS: integer(1, 100).default(12).describe('Most specialist answers of an orchestrated turn.'),
    SUMMARIZER_MODEL_ALIAS: text.default('deepseek').describe('The alias that summarises long conversations.'),
  },
  Context: {
    CONTEXT_MAX_OUTPUT_TOKENS: integer(1, 1_000_000).default(2048).describe('Most tokens of one answer.'),
    CONTEXT_SUMMARY_TRIGGER_RATIO: ratio.default(0.7).describe('Share of the input budget from which on older turns are summarised.'),
    CONTEXT_PRUNE_TRIGGER_RATIO: ratio.default(0.9).describe('Share of the input budget from which on older messages are left out.'),
    CONTEXT_MANDATORY_SUMMARY_TURN: integer(1, 10_000).default(8).describe('Turns after which a summary is due in any case.'),
    CONTEXT_RECENT_TURNS_TO_KEEP: integer(0, 10_000).default(4).describe('Newest turns that a summary leaves as they are.'),
    AGENT_PRIVATE_CONTEXT_TURNS_KEEP: integer(0, 1000).default(3).describe('Turns for which an agent keeps its own tool traces in mind.'),
  },
  Tools: {
    AGENT_MAX_TOOL_STEPS: integer(1, 100).default(6).describe('Most model calls of one agent in one turn.'),
    TOOL_TIMEOUT_MS: integer(100, 600_000).default(15_000).describe('How long one tool call may take.'),
    TAVILY_API_KEY: key.optional().describe('Turns on web search by Tavily.'),
    TAVILY_BASE_URL: url.default('https://api.tavily.com').describe('Another address of Tavily.'),
    SEARXNG_BASE_URL: url.optional().describe('Turns on web search by a SearXNG instance, when there is no Tavily key.'),
  },
  Outbound: {
    OUTBOUND_ALLOW_PRIVATE: flag
      .default(false)
      .describe(
        'Lets requests go to loopback, link-local and private addresses wherever they lead. Not needed for what is set here: those addresses may lie anywhere.',
      ),
  },
  'Limits of a turn': {
    RATE_LIMIT_TURNS_PER_MINUTE: integer(1, 1_000_000).default(10).describe('Turns that one user may begin in any 60 seconds.'),
    RATE_LIMIT_TURNS_PER_HOUR: integer(1, 1_000_000).default(60).describe('Turns that one user may begin in any 60 minutes.'),
    TURNS_RUNNING_PER_USER: integer(1, 100_000).default(20).describe('Turns that one user may have running at once.'),
    TURN_MAX_SECONDS: integer(1, 86_400).default(600).describe('Seconds after which a turn starts no more work.'),
    TURN_MAX_MODEL_CALLS: integer(1, 100_000).default(100).describe('Most model calls of one turn.'),
    TURN_MAX_TOOL_CALLS: integer(1, 100_000).default(100).describe('Most tool calls of one turn.'),
    MIN_OUTPUT_TOKENS: integer(1, 1_000_000).default(256).describe('A call that cannot pay for this much output is not made.'),
  },
  Credits: {
    CREDIT_ENFORCEMENT_ENABLED: flag.default(false).describe('Refuse turns that the balance does not cover.'),
    BILL_SYSTEM_CALLS: flag.default(false).describe('Charge users for routing, evaluation and summaries too.'),
    LOW_BALANCE_THRESHOLD: credits.default('5').describe('Below this many credits an answer says `low_balance`.'),
  },
  Payments: {
    STRIPE_SECRET_KEY: key.optional().describe('Turns on buying credits by Stripe. Needs `STRIPE_WEBHOOK_SECRET` too.'),
    STRIPE_PUBLISHABLE_KEY: text
      .optional()
      .describe('Opens the card form of the page; public by its nature. Without it top-ups can be paid through the API only.'),
    STRIPE_WEBHOOK_SECRET: secrets
      .optional()
      .describe('What Stripe signs its reports to `/webhooks/stripe` with. Two, comma separated, during a rotation.'),
    STRIPE_API_BASE: origin.default('https://api.stripe.com').describe('Another address of Stripe, for tests.'),
    CREDITS_PER_USD: credits
      .refine(rate => decimal(rate).lte(10_000), 'must be at most 10000')
      .default('33.33')
      .describe('Credits that one US dollar buys; a purchase is rounded to 2 decimals.'),
    TOP_UP_MIN_USD: usd.default('1').describe('Least that one may buy for.'),
    TOP_UP_MAX_USD: usd.default('500').describe('Most that one may buy for.'),
  },
  Watching: {
    METRICS_PORT: integer(0, 65_535)
      .optional()
      .describe('Serves `GET /metrics` for Prometheus on a port of its own, on the address of `HOST`; of a worker, too.'),
    METRICS_TOKEN: key
      .optional()
      .describe('The bearer token that `GET /metrics` asks for. Alone it turns metrics on, on the server’s own port.'),
    OTEL_EXPORTER_OTLP_ENDPOINT: url
      .optional()
      .describe('Sends traces of turns by OTLP over HTTP, e.g. `http://collector:4318`; `/v1/traces` is added.'),
    OTEL_EXPORTER_OTLP_HEADERS: headers.optional().describe('Headers for it, as `name=value`, comma separated, percent-encoded.'),
    SENTRY_DSN: z
      .url({ protocol: /^https?$/, error: 'must be a DSN, an http or https URL' })
      .meta({ secret: true })
      .optional()
      .describe(
        'Reports faults to Sentry as they are logged (`LOG_LEVEL` must let errors through); never a body, a token, a prompt or an answer.',
      ),
    SENTRY_TRACES_SAMPLE_RATE: share.default(0.1).describe('The share of requests whose times Sentry is told, from 0 to 1.'),
  },
}

const variables = z.object({
  ...sections.Serving,
  ...sections.Data,
  ...sections.Files,
  ...sections.Accounts,
  ...sections.Models,
  ...sections.Context,
  ...sections.Tools,
  ...sections.Outbound,
  ...sections['Limits of a turn'],
  ...sections.Credits,
  ...sections.Payments,
  ...sections.Watching,
})

export type Config = z.infer<typeof variables>
type Name = keyof Config

export type ConfigReading = { kind: 'ok'; config: Config } | { kind: 'wrong'; problems: string[] }

/** Reads and checks all variables at once. Problems name the variable and what is wrong with it, never its value. An empty variable counts as unset. */
export function readConfig(environment: Record<string, string | undefined>): ConfigReading {
  const set = Object.fromEntries(
    Object.entries(environment)
      .map(([name, value = '']) => [name, value.trim()])
      .filter(([, value]) => value !== ''),
  )
  const parsed = variables.safeParse(set)
  const problems = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => ({ name: path[0] as Name, message }))
  const wrong = new Set(problems.map(({ name }) => name))
  // What is right by itself is held against the rest all the same, so that one start names everything.
  const config = parsed.data ?? variables.parse(Object.fromEntries(Object.entries(set).filter(([name]) => !wrong.has(name as Name))))
  const contradictions = rules.filter(({ between, broken }) => !between.some(name => wrong.has(name)) && broken(config))
  const all = [...problems, ...contradictions.map(({ between, message }) => ({ name: between[0]!, message }))]
  if (all.length === 0) return { kind: 'ok', config }
  return { kind: 'wrong', problems: [...new Set(all.map(({ name, message }) => `${name}: ${message}`))] }
}

interface Rule {
  /** The variable that is told of first, then those that it must agree with. */
  between: [Name, ...Name[]]
  broken: (config: Config) => boolean
  message: string
}

const isProduction = (config: Config): boolean => config.NODE_ENV === 'production'

const rules: Rule[] = [
  ...(['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const).map(
    (name): Rule => ({
      between: [name, 'S3_ENDPOINT'],
      broken: config => config.S3_ENDPOINT !== undefined && config[name] === undefined,
      message: 'is required with S3_ENDPOINT',
    }),
  ),
  {
    between: ['DATABASE_POOL_URL', 'DATABASE_URL'],
    broken: config => config.DATABASE_POOL_URL !== undefined && isEmbedded(config),
    message: 'needs DATABASE_URL too, for migrations and signals',
  },
  {
    between: ['OIDC_AUDIENCE', 'OIDC_ISSUER'],
    broken: config => config.OIDC_ISSUER !== undefined && config.OIDC_AUDIENCE === undefined,
    message: 'is required with OIDC_ISSUER',
  },
  {
    between: ['SMTP_FROM', 'SMTP_URL'],
    broken: config => config.SMTP_URL !== undefined && config.SMTP_FROM === undefined,
    message: 'is required with SMTP_URL',
  },
  {
    between: ['CONTEXT_PRUNE_TRIGGER_RATIO', 'CONTEXT_SUMMARY_TRIGGER_RATIO'],
    broken: config => config.CONTEXT_PRUNE_TRIGGER_RATIO < config.CONTEXT_SUMMARY_TRIGGER_RATIO,
    message: 'must not be below CONTEXT_SUMMARY_TRIGGER_RATIO',
  },
  {
    between: ['API_CORS_ALLOWED_ORIGINS'],
    broken: config => isProduction(config) && (config.API_CORS_ALLOWED_ORIGINS ?? []).includes('*'),
    message: 'must name exact origins in production',
  },
  {
    between: ['AUTH_SECRET', 'DATABASE_URL', 'SUPABASE_URL', 'SUPABASE_JWT_SECRET', 'OIDC_ISSUER'],
    broken: config => isProduction(config) && !isEmbedded(config) && localAccounts(config) && config.AUTH_SECRET === undefined,
    message: 'is required in production, the same on every replica',
  },
  {
    between: ['AUTH_SECRET'],
    broken: config => isProduction(config) && (config.AUTH_SECRET ?? []).some(looksMadeUp),
    message: 'must be long and random in production: "openssl rand -base64 32" makes one',
  },
  {
    between: ['STRIPE_WEBHOOK_SECRET', 'STRIPE_SECRET_KEY'],
    broken: config => isProduction(config) && config.STRIPE_SECRET_KEY !== undefined && !takesPayments(config),
    message: 'is required with STRIPE_SECRET_KEY in production; unsigned events are never trusted',
  },
  {
    between: ['TOP_UP_MAX_USD', 'TOP_UP_MIN_USD'],
    broken: config => decimal(config.TOP_UP_MAX_USD).lt(config.TOP_UP_MIN_USD),
    message: 'must not be below TOP_UP_MIN_USD',
  },
  {
    between: ['CREDITS_PER_USD', 'TOP_UP_MIN_USD'],
    broken: config => creditsForUsd(config.TOP_UP_MIN_USD, config.CREDITS_PER_USD) === '0',
    message: 'gives no credits for TOP_UP_MIN_USD',
  },
]

/** Such as an example's `change-me-change-me-change-me-change-me`. */
const looksMadeUp = (secret: string): boolean => secret.length < 32 || new Set(secret).size < 10

/** A key alone does not do: without the webhook's secret nothing could ever be granted. */
export const takesPayments = (config: Config): boolean =>
  config.STRIPE_SECRET_KEY !== undefined && config.STRIPE_WEBHOOK_SECRET !== undefined

/** Local accounts are the default where no other issuer is set. */
export const localAccounts = (config: Config): boolean => !config.SUPABASE_URL && !config.SUPABASE_JWT_SECRET && !config.OIDC_ISSUER

/** Sign-in links are local accounts' own, and printed in a log only where that log is a developer's. */
export const sendsMagicLinks = (config: Config): boolean =>
  localAccounts(config) && (config.SMTP_URL !== undefined || !isProduction(config))

export const isEmbedded = (config: Config): boolean => config.DATABASE_URL === undefined

export const listenHost = (config: Config): string => config.HOST ?? (isEmbedded(config) ? '127.0.0.1' : '0.0.0.0')

export const isLoopback = (config: Config): boolean => /^(127(\.\d{1,3}){3}|localhost|::1)$/.test(listenHost(config))

export const signupPolicy = (config: Config) => config.SIGNUP ?? (isEmbedded(config) && isLoopback(config) ? 'open' : 'invite')

export const signupGrant = (config: Config): string => config.SIGNUP_GRANT_CREDITS ?? (isEmbedded(config) ? '100' : '0')

/** Where browsers reach this server. `port` is the one really listened on, which PORT=0 leaves to the system. */
export const publicUrl = (config: Config, port = config.PORT): string => config.PUBLIC_URL ?? `http://localhost:${port}`

export interface VariableDescription {
  section: string
  name: string
  about: string
  fallback: string | null
  secret: boolean
}

/** All variables in the order above, for `.env.example` and docs/configuration.md. */
export const describeVariables = (): VariableDescription[] =>
  Object.entries(sections).flatMap(([section, shape]) =>
    Object.entries<z.ZodType>(shape).map(([name, schema]) => ({
      section,
      name,
      about: schema.description ?? '',
      fallback: defaultOf(schema),
      secret: isSecret(schema),
    })),
  )

function defaultOf(schema: z.ZodType): string | null {
  const parsed = schema.safeParse(undefined)
  if (!parsed.success || parsed.data === undefined) return null
  return Array.isArray(parsed.data) ? parsed.data.join(',') : String(parsed.data)
}

function isSecret(schema: z.ZodType): boolean {
  const inner = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType) : schema
  return inner.meta()?.secret === true
}
