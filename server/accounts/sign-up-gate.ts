import { createHash } from 'node:crypto'
import type { SignupPolicy } from '../../contract/accounts.ts'
import { isSameCode } from './first-account-code.ts'
import type { Statements } from './unit-of-work.ts'

export interface SignUpRules {
  signup: SignupPolicy
  /** What the first sign-up must bring; null where only this machine can reach the server. */
  firstAccountCode: string | null
}

/** Our own rows behind a sign-up. All three run in the transaction that makes the account. */
export interface SignUpRecords {
  firstOwnerExists(sql: Statements): Promise<boolean>
  /** True for one caller only, ever; waits for a claim that is under way. */
  claimFirstOwner(sql: Statements, userId: string): Promise<boolean>
  /** True when this e-mail holds an open invitation with this code, which is then spent. */
  spendInvitation(sql: Statements, invitation: { email: string; codeSha256: string; userId: string }): Promise<boolean>
}

/** As the client sent it; nobody has looked at it yet. */
export interface SignUpBody {
  email: unknown
  code: unknown
}

export interface Applicant {
  userId: string
  email: string
  code: string | null
}

export type Admission = { kind: 'admitted' } | { kind: 'refused'; code: string; message: string }

/** Who may have an account. The first one is claimed, not counted: a second claim finds the first, and the ordinary rule holds for it. */
export async function admitSignUp(applicant: Applicant, rules: SignUpRules, records: SignUpRecords, sql: Statements): Promise<Admission> {
  if (!(await records.firstOwnerExists(sql))) {
    if (rules.firstAccountCode !== null && !isSameCode(applicant.code ?? '', rules.firstAccountCode)) return FIRST_CODE_MISSING
    if (await records.claimFirstOwner(sql, applicant.userId)) return ADMITTED
  }
  if (rules.signup === 'open') return ADMITTED
  if (rules.signup === 'closed') return CLOSED
  const { email, userId, code } = applicant
  const invited = code !== null && (await records.spendInvitation(sql, { email, userId, codeSha256: invitationDigest(code) }))
  return invited ? ADMITTED : NOT_INVITED
}

/** What an invitation keeps of its code, in lower-case hex. */
export const invitationDigest = (code: string) => createHash('sha256').update(code.trim()).digest('hex')

const ADMITTED: Admission = { kind: 'admitted' }
const CLOSED: Admission = {
  kind: 'refused',
  code: 'SIGN_UP_CLOSED',
  message: 'Sign-up is closed. Ask an owner of this service for an account.',
}
const FIRST_CODE_MISSING: Admission = {
  kind: 'refused',
  code: 'FIRST_ACCOUNT_CODE_REQUIRED',
  message: 'The first account needs the one-time code that the server printed when it started.',
}
const NOT_INVITED: Admission = {
  kind: 'refused',
  code: 'INVITATION_REQUIRED',
  message: 'Sign-up needs a valid invitation: its code, and the e-mail address that it was made for.',
}
