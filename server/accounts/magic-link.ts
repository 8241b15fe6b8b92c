import { createHash } from 'node:crypto'
import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import { magicLink } from 'better-auth/plugins/magic-link'
import type { AccountsLog } from './account-library-options.ts'
import type { Attempts } from './guess-limit.ts'
import type { Mailer } from './mailer.ts'
import type { SignUpRecords, SignUpRules } from './sign-up-gate.ts'
import type { Statements, UnitsOfWork } from './unit-of-work.ts'

export interface MagicLinkOptions {
  mailer: Mailer
  rules: SignUpRules
  records: Pick<SignUpRecords, 'firstOwnerExists'>
  attempts: Attempts
  log: AccountsLog
}

const MAGIC_LINK_MINUTES = 15
/** Nobody's mailbox is filled by strangers; and when another is refused, one of the last is still good. */
const MAILS = { quota: 5, seconds: MAGIC_LINK_MINUTES * 60 }
export const VERIFY_PATH = '/magic-link/verify'

/** Sign-in by a link that is mailed, good once. The answer to whoever asks for one, and its time, are the same whoever has an account here. */
export function magicLinkPlugins(units: UnitsOfWork, options: MagicLinkOptions) {
  return [
    magicLink({
      expiresIn: MAGIC_LINK_MINUTES * 60,
      storeToken: 'hashed',
      sendMagicLink({ email, url }) {
        // Not waited for: what it takes would tell who has an account.
        deliver(units.outside, options, email, url).catch(error => {
          options.log.error({ source: 'accounts', error: error instanceof Error ? error.message : 'unknown' }, 'a mail could not be sent')
        })
      },
    }),
    inOneCommit(units),
  ]
}

/** The link is spent, and the account made where there was none, by the same commit that signs in. */
const inOneCommit = (units: UnitsOfWork): BetterAuthPlugin => ({
  id: 'magic-link-in-one-commit',
  hooks: {
    before: [
      {
        matcher: context => context.path === VERIFY_PATH,
        handler: createAuthMiddleware(async () => void (await units.current()?.begin())),
      },
    ],
  },
})

async function deliver(
  sql: Statements,
  { mailer, rules, records, attempts }: MagicLinkOptions,
  address: string,
  url: string,
): Promise<void> {
  const email = address.toLowerCase()
  if (!(await mayEnter(sql, rules, records, email))) return
  const subject = createHash('sha256').update(`magic link ${email}`).digest('hex')
  if ((await attempts.take(subject, MAILS)).kind === 'refused') return
  await mailer.send({
    to: email,
    subject: 'Sign in to Pantheon',
    text: `Open this link to sign in to Pantheon. It works once, within ${MAGIC_LINK_MINUTES} minutes:\n\n${url}\n\nIf you did not ask for it, nothing needs to be done.\n`,
  })
}

/** Somebody with an account, or, where everybody may make one, somebody new; the first account of all is another matter where it needs a code. */
async function mayEnter(
  sql: Statements,
  { signup, firstAccountCode }: SignUpRules,
  { firstOwnerExists }: MagicLinkOptions['records'],
  email: string,
): Promise<boolean> {
  if ((await sql.statement('', 'select 1 from auth."user" where email = $1', [email])).length > 0) return true
  return signup === 'open' && (firstAccountCode === null || (await firstOwnerExists(sql)))
}
