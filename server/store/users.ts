import { v7 as uuidv7 } from 'uuid'
import type { Role } from '../../contract/accounts.ts'
import type { Database } from './database.ts'

export interface UserRow {
  id: string
  email: string | null
  email_verified: boolean
  /** The stored one; ADMIN_USER_IDS and ADMIN_EMAILS may raise it. */
  role: Role
  /** RFC 3339, UTC. */
  suspended_at: string | null
  /** The user asked to be forgotten then. */
  erased_at: string | null
  /** Tokens of another issuer that were given out until then are refused. */
  signed_out_at: string | null
  /** The session that the token came from is no more. */
  session_ended: boolean
}

/** Somebody as a verified token names them. */
export interface Identity {
  issuer: string
  subject: string
  /** Null when the token says nothing of it: what is known stays. */
  email: string | null
  emailVerified: boolean
  /** The local account's session that the token came from. */
  sessionId: string | null
}

export interface FirstSight {
  /** Whose subjects are accounts of our own, so that a sign-up's rights are theirs; another issuer may choose the same subject. */
  localIssuer: string
  /** Exact decimal; `"0"` for none. */
  signupGrant: string
}

/**
 * The user of an issuer's subject. Row, wallet and sign-up grant are made at first sight, all by one statement; later it only reads,
 * unless the e-mail changed. The id is the subject, or a new one where another issuer's user has that already.
 */
export async function findOrCreateUser(
  database: Pick<Database, 'statement'>,
  identity: Identity,
  firstSight: FirstSight,
): Promise<UserRow> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const [user] = await database.statement<UserRow>('find_or_create_user', FIND_OR_CREATE_USER, parameters(identity, firstSight))
    if (user) return user
  }
  throw new Error('a user could neither be found nor made')
}

/** What the configuration makes of it is another matter (domain/roles.ts). */
export async function setStoredRole(database: Pick<Database, 'statement'>, userId: string, role: Role): Promise<void> {
  await database.statement('set_stored_role', 'update users set role = $2 where id = $1', [userId, role])
}

/** Whoever loses the race for a new row sees nothing, and finds the winner's row the next time; the id can be lost the same way. */
const ATTEMPTS = 4

const parameters = (identity: Identity, { localIssuer, signupGrant }: FirstSight) => [
  identity.issuer,
  identity.subject,
  identity.email,
  identity.emailVerified,
  identity.issuer === localIssuer,
  signupGrant,
  uuidv7(),
  uuidv7(),
  uuidv7(),
  identity.sessionId,
]

const FIND_OR_CREATE_USER = `
  with known as (
    select id, email, email_verified, role, suspended_at, erased_at, signed_out_at from users where issuer = $1 and subject = $2
  ), refreshed as (
    update users set email = $3, email_verified = $4
    where issuer = $1 and subject = $2 and erased_at is null and $3::text is not null
      and (email, email_verified) is distinct from ($3::text, $4::boolean)
    returning id, email, email_verified, role, suspended_at, erased_at, signed_out_at
  ), created as (
    insert into users (id, issuer, subject, email, email_verified, role)
    select case when exists (select from users where id = $2) then $7 else $2 end, $1, $2, $3, $4,
      case
        when $5::boolean and exists (select from first_owner where user_id = $2) then 'owner'
        when $5::boolean then coalesce((select role from invitations where used_by_user_id = $2), 'user')
        else 'user'
      end
    where not exists (select from known)
    on conflict do nothing
    returning id, email, email_verified, role, suspended_at, erased_at, signed_out_at
  ), wallet as (
    insert into credit_wallets (id, user_id, balance) select $8::uuid, id, $6::numeric from created returning id, user_id
  ), granted as (
    insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id, note)
    select $9::uuid, id, user_id, $6::numeric, 'grant', 'signup:' || user_id, 'Sign-up credits' from wallet where $6::numeric > 0
  )
  select *, $10::uuid is not null and not exists (select from auth.session where id = $10::uuid) as session_ended
  from (
    select * from created
    union all select * from refreshed
    union all select * from known where not exists (select from refreshed)
  ) as users`
