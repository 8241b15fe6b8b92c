import type { Database } from './database.ts'

// What ends a sign-in before its time.

/** One statement, and the change signal with it. */
export async function endSessions(database: Database, userId: string, localIssuer: string): Promise<void> {
  await database.statement('end_sessions', END_SESSIONS, [userId, localIssuer])
}

const END_SESSIONS = `
with signed_out as (update users set signed_out_at = clock_timestamp() where id = $1 returning issuer, subject)
delete from auth.session using signed_out
where auth.session."userId" = (case when signed_out.issuer = $2 then signed_out.subject end)::uuid`

export interface SignedOutUser {
  id: string
  suspended: boolean
  signed_out_at: string | null
}

/** Those of the users who are suspended, forgotten, or have ever signed out everywhere. */
export const suspendedOrSignedOut = (database: Database, userIds: string[]): Promise<SignedOutUser[]> =>
  database.statement('suspended_or_signed_out', SUSPENDED_OR_SIGNED_OUT, [userIds])

const SUSPENDED_OR_SIGNED_OUT = `
select id, suspended_at is not null or erased_at is not null as suspended, signed_out_at
from users where id = any($1::text[]) and (suspended_at is not null or erased_at is not null or signed_out_at is not null)`

/** Those of the sessions and API keys that are still there. */
export async function standing(database: Database, sessionIds: string[], keyIds: string[]): Promise<Set<string>> {
  return new Set((await database.statement<{ id: string }>('standing', STANDING, [sessionIds, keyIds])).map(({ id }) => id))
}

const STANDING = `
select id from auth.session where id = any($1::uuid[]) union all select id from api_keys where id = any($2::uuid[])`
