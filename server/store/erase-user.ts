import type { Database } from './database.ts'
import { inBatches } from './in-batches.ts'

// A user who is forgotten: at once for everybody who could look, row by row behind that. Ledger, usage and tool rows go on naming the id.

export interface ErasableUser {
  issuer: string
  subject: string
  email: string | null
  role: string
}

/** `lock` holds the row until the transaction ends. Null for somebody who is forgotten already. */
export async function lockErasableUser(database: Database, userId: string): Promise<ErasableUser | null> {
  const user = database.kysely.selectFrom('users').select(['issuer', 'subject', 'email', 'role'])
  return (await user.where('id', '=', userId).where('erased_at', 'is', null).forUpdate().executeTakeFirst()) ?? null
}

/** No token of the user is accepted from this commit on, and nothing of theirs can be reached; running turns are told to stop. */
export async function hideUser(database: Database, userId: string): Promise<void> {
  for (const [name, text] of HIDE) await database.statement(name, text, [userId])
}

// Deleted so long ago that nothing is waited for.
const HIDE: [string, string][] = [
  ['hide_rooms', `update rooms set deleted_at = 'epoch' where owner_user_id = $1`],
  ['hide_agents', `update agents set deleted_at = 'epoch' where owner_user_id = $1`],
  ['hide_sessions', `update sessions set deleted_at = 'epoch' where started_by_user_id = $1`],
  ['stop_turns', `update turn_runs set cancel_requested_at = coalesce(cancel_requested_at, now()) where user_id = $1`],
  ['revoke_api_keys', `delete from api_keys where user_id = $1`],
  ['forget_answers', `delete from idempotency_keys where user_id = $1`],
  ['forget_invitation', `delete from invitations where used_by_user_id = $1`],
  [
    'forget_user',
    `update users set email = null, email_verified = false, role = 'user', suspended_at = coalesce(suspended_at, now()), erased_at = now() where id = $1`,
  ],
]

/** The account library's own rows; sessions and passwords go with the user's. */
export async function removeLocalAccount(database: Database, subject: string, email: string | null): Promise<void> {
  await database.statement('remove_local_account', `delete from auth."user" where id::text = $1`, [subject])
  await database.statement('remove_verifications', `delete from auth."verification" where identifier = $1`, [email])
}

export async function hasRunningTurns(database: Database, userId: string): Promise<boolean> {
  return (await database.statement('has_running_turns', `select 1 from turn_runs where user_id = $1 limit 1`, [userId])).length > 0
}

/** Files wherever they lie, and what tools were asked. */
export async function eraseLeftovers(database: Database, userId: string): Promise<void> {
  const change = (name: string, text: string) => async (limit: number) =>
    (await database.statement<{ rows: number }>(name, text, [userId, limit]))[0]?.rows ?? 0
  await inBatches(change('erase_files', ERASE_FILES))
  await inBatches(change('erase_tool_inputs', ERASE_TOOL_INPUTS))
}

const ERASE_FILES = `
with gone as (delete from uploaded_files where id in (select id from uploaded_files where user_id = $1 limit $2) returning 1)
select count(*) as rows from gone`

const ERASE_TOOL_INPUTS = `
with batch as (select id from tool_call_events where user_id = $1 and input <> '{}' limit $2),
changed as (update tool_call_events set input = '{}' from batch where tool_call_events.id = batch.id returning 1)
select count(*) as rows from changed`
