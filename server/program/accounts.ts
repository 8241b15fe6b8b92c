import type { Logger } from 'pino'
import { firstAccountCode } from '../accounts/first-account-code.ts'
import { createLocalAccounts, type LocalAccounts } from '../accounts/local-accounts.ts'
import { logMailer, type Mailer, smtpMailer } from '../accounts/mailer.ts'
import { type Config, isLoopback, localAccounts, sendsMagicLinks, signupPolicy, takesPayments } from '../config.ts'
import { decimal, decimalText } from '../domain/money.ts'
import type { ModelProviders } from '../llm/providers.ts'
import { giveAttemptBack, takeAttempt } from '../store/attempts.ts'
import type { OpenDatabase } from '../store/database.ts'
import { claimFirstOwner, firstOwnerExists } from '../store/first-owner.ts'
import { spendInvitation } from '../store/invitations.ts'
import { keptAuthSecret } from './data-secrets.ts'

const authSecrets = (config: Config): string[] => config.AUTH_SECRET ?? [keptAuthSecret(config.PANTHEON_DATA_DIR)]

/** Needed unless only this machine can reach the server. */
export const firstCode = (config: Config): string | null => (isLoopback(config) ? null : firstAccountCode(authSecrets(config)[0]!))

export const openAccounts = (config: Config, database: OpenDatabase, log: Logger, baseUrl: () => string): LocalAccounts =>
  createLocalAccounts({
    pool: database.pool,
    baseUrl,
    secrets: authSecrets(config),
    signup: signupPolicy(config),
    firstAccountCode: firstCode(config),
    trustedOrigins: config.API_CORS_ALLOWED_ORIGINS ?? [],
    records: { firstOwnerExists, claimFirstOwner, spendInvitation },
    attempts: {
      take: (subject, limit) => takeAttempt(database, subject, limit),
      giveBack: subject => giveAttemptBack(database, subject),
    },
    mailer: mailer(config, log),
    log,
  })

function mailer(config: Config, log: Logger): Mailer | null {
  if (!sendsMagicLinks(config)) return null
  return config.SMTP_URL && config.SMTP_FROM ? smtpMailer(config.SMTP_URL, config.SMTP_FROM) : logMailer(log)
}

/** What a sign-in page may know. That there is an owner is never untrue again, so it is asked for only until then. */
export function authConfigReader(config: Config, database: OpenDatabase, providers: ModelProviders) {
  let ownerExists = false
  const local = localAccounts(config)
  return async () => {
    ownerExists ||= !local || (await firstOwnerExists(database))
    return {
      local,
      magic_link: sendsMagicLinks(config),
      signup: signupPolicy(config),
      first_account_missing: !ownerExists,
      first_account_code_required: !ownerExists && firstCode(config) !== null,
      external_issuers: [config.SUPABASE_URL && `${config.SUPABASE_URL}/auth/v1`, config.OIDC_ISSUER].filter(
        issuer => issuer !== undefined,
      ),
      demo_model: providers.configured.size === 0,
      low_balance_threshold: decimalText(decimal(config.LOW_BALANCE_THRESHOLD)),
      ...(takesPayments(config) && { stripe_publishable_key: config.STRIPE_PUBLISHABLE_KEY }),
    }
  }
}
