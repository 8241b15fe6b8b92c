import path from 'node:path'
import type { AuthConfigRead } from '../../contract/accounts.ts'
import { type Config, isEmbedded, isLoopback, localAccounts, takesPayments } from '../config.ts'
import { aboutFiles } from './job-dependencies.ts'

export interface StartUp {
  config: Config
  version: string
  /** The one listened on. */
  address: string
  /** Where the database is, in words. */
  database: string
  providers: ReadonlySet<string>
  auth: AuthConfigRead
  /** Who watches, in words; empty for nobody. */
  watched: string
  /** What the first sign-up must bring; null when none is needed. */
  firstAccountCode: string | null
}

/** What is in force, said once at the start, and what is switched off with the variable that switches it on. */
export function startUpBlock(start: StartUp): string {
  const { config, version } = start
  const lines: [string, string][] = [
    ['address', config.PUBLIC_URL ? `${config.PUBLIC_URL}, listening on ${start.address}` : start.address],
    ['api', `${config.PUBLIC_URL ?? start.address}/api/docs`],
    ['database', start.database],
    ['data', data(config)],
    ['files', aboutFiles(config)],
    ['jobs', isEmbedded(config) ? 'run here' : 'run by `pantheon worker`, which must run beside this server'],
    ['models', models(start)],
    ['accounts', accounts(start)],
    ['credits', credits(config)],
    ...(takesPayments(config) ? [['payments', payments(config)] satisfies [string, string]] : []),
    ['limits', limits(config)],
    ['watched', start.watched],
  ]
  const off = switchedOff(start).map((item, number): [string, string] => [number === 0 ? 'switched off' : '', item])
  const said = [...lines, ...off].filter(([, text]) => text !== '')
  return [`Pantheon ${version}`, ...said.map(([name, text]) => `  ${name.padEnd(12)}  ${text}`)].join('\n')
}

/** Empty where a PostgreSQL of one's own has all that would be in it. */
function data(config: Config): string {
  const folder = path.resolve(config.PANTHEON_DATA_DIR)
  if (isEmbedded(config)) return folder
  return localAccounts(config) && !config.AUTH_SECRET ? `${folder}, the secret of local accounts; set AUTH_SECRET for several servers` : ''
}

function models({ providers, auth }: StartUp): string {
  if (auth.demo_model) return 'the demo model answers for every alias (simulated); set OPENROUTER_API_KEY for real ones'
  return [...providers].join(', ')
}

function accounts({ auth, firstAccountCode }: StartUp): string {
  if (!auth.local) return `tokens of ${auth.external_issuers.join(' and ') || 'Supabase, by SUPABASE_JWT_SECRET'}`
  if (!auth.first_account_missing) return `local, sign-up ${auth.signup}`
  const code = firstAccountCode === null ? '' : ` and needs the code ${firstAccountCode}`
  return `local, sign-up ${auth.signup}; the first account becomes owner${code}`
}

const credits = (config: Config): string =>
  `enforcement ${config.CREDIT_ENFORCEMENT_ENABLED ? 'on' : 'off'}, low balance below ${config.LOW_BALANCE_THRESHOLD}, ` +
  `system calls ${config.BILL_SYSTEM_CALLS ? 'charged' : 'free'}`

const payments = (config: Config): string =>
  `Stripe, ${config.TOP_UP_MIN_USD} to ${config.TOP_UP_MAX_USD} USD, ${config.CREDITS_PER_USD} credits for each`

const limits = (config: Config): string =>
  `${config.TURNS_RUNNING_PER_USER} turns at once, ${config.RATE_LIMIT_TURNS_PER_MINUTE} per minute and ` +
  `${config.RATE_LIMIT_TURNS_PER_HOUR} per hour for each user; ` +
  `${config.TURN_MAX_SECONDS} s, ${config.TURN_MAX_MODEL_CALLS} model calls and ${config.TURN_MAX_TOOL_CALLS} tool calls per turn`

function switchedOff({ config, providers, auth, watched }: StartUp): string[] {
  const off = [
    !auth.demo_model && !providers.has('openrouter') && 'the seeded model aliases, which are those of OpenRouter (OPENROUTER_API_KEY)',
    !config.TAVILY_API_KEY &&
      !config.SEARXNG_BASE_URL &&
      `web search${auth.demo_model ? ', which is simulated' : ''} (TAVILY_API_KEY or SEARXNG_BASE_URL)`,
    !isEmbedded(config) && !config.REDIS_URL && 'limits and streams that several servers share (REDIS_URL)',
    auth.local && !isLoopback(config) && !config.PUBLIC_URL && 'sign-in from browsers on other machines (PUBLIC_URL)',
    auth.local && !config.SMTP_URL && `mails with sign-in links${auth.magic_link ? ', which are printed in the log' : ''} (SMTP_URL)`,
    !takesPayments(config) && `payments (${missingForPayments(config)})`,
    watched === '' && 'metrics, traces and reports of faults (METRICS_PORT or METRICS_TOKEN, OTEL_EXPORTER_OTLP_ENDPOINT, SENTRY_DSN)',
    !config.API_CORS_ALLOWED_ORIGINS && 'pages of other origins (API_CORS_ALLOWED_ORIGINS)',
  ]
  return off.filter(item => item !== false)
}

const missingForPayments = (config: Config): string =>
  config.STRIPE_SECRET_KEY === undefined ? 'STRIPE_SECRET_KEY' : 'STRIPE_WEBHOOK_SECRET is missing, and unsigned events are never trusted'
