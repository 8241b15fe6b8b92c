import type { AuthConfigRead } from '../../contract/accounts.ts'
import { type Config, isEmbedded, publicUrl } from '../config.ts'

export interface StartUp {
  config: Config
  version: string
  address: string
  /** Where the database is, in words. */
  database: string
  providers: ReadonlySet<string>
  auth: AuthConfigRead
  /** What the first sign-up must bring; null when none is needed. */
  firstAccountCode: string | null
}

/** What is in force and what is switched off, said once at the start. */
export function startUpBlock(start: StartUp): string {
  const { config } = start
  const lines: [string, string][] = [
    ['address', config.PUBLIC_URL ? `${publicUrl(config)} (listening on ${start.address})` : start.address],
    ['api', `${start.address}/api/docs`],
    ['database', isEmbedded(config) ? `${start.database}, in ${config.PANTHEON_DATA_DIR}/pg` : start.database],
    ['data', config.PANTHEON_DATA_DIR],
    ['models', models(start.providers)],
    ['accounts', accounts(start)],
    ['credits', credits(config)],
    [
      'limits',
      `${config.TURNS_RUNNING_PER_USER} turns at once per user, ${config.TURN_MAX_SECONDS} s and ${config.TURN_MAX_MODEL_CALLS} model calls per turn`,
    ],
    ['switched off', switchedOff(start)],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  const body = lines.filter(([, text]) => text !== '').map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
  return [`Pantheon ${start.version}`, ...body].join('\n')
}

const models = (providers: ReadonlySet<string>) =>
  providers.size === 0
    ? 'the built-in demo model answers for every alias (simulated); set OPENROUTER_API_KEY for real ones'
    : [...providers].join(', ')

function accounts({ auth, firstAccountCode }: StartUp): string {
  if (!auth.local) return `tokens of ${auth.external_issuers.join(' and ') || 'the configured secret'}`
  if (!auth.first_account_missing) return `local, sign-up ${auth.signup}`
  return `local; the first account becomes owner${firstAccountCode === null ? '' : ` and needs this code: ${firstAccountCode}`}`
}

const credits = (config: Config) =>
  `enforcement ${config.CREDIT_ENFORCEMENT_ENABLED ? 'on' : 'off'}, low balance below ${config.LOW_BALANCE_THRESHOLD}, ` +
  `system calls ${config.BILL_SYSTEM_CALLS ? 'charged' : 'free'}`

function switchedOff({ config }: StartUp): string {
  const off = [
    !config.TAVILY_API_KEY && !config.SEARXNG_BASE_URL && 'web search (TAVILY_API_KEY or SEARXNG_BASE_URL)',
    !config.API_CORS_ALLOWED_ORIGINS && 'pages of other origins (API_CORS_ALLOWED_ORIGINS)',
  ]
  return off.filter(item => item !== false).join(', ')
}
