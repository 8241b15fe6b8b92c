import type { RequestKey } from '../domain/request-key.ts'
import type { Database } from './database.ts'
import { storableJson } from './storable.ts'

export interface OwnedKey extends RequestKey {
  userId: string
}

export type ClaimResult =
  | { kind: 'claimed' }
  | { kind: 'running' }
  /** The same key stands for something else. */
  | { kind: 'conflict' }
  | { kind: 'answered'; answer: unknown }

/** `claim` is a UUID of the caller's own making. It holds for so many seconds, so that a process that dies does not hold a key for ever. */
export async function claimKey(database: Database, owned: OwnedKey, claim: string, leaseSeconds: number): Promise<ClaimResult> {
  const values = [owned.userId, owned.route, owned.key, owned.requestSha256, claim, leaseSeconds]
  const [known] = await database.statement<KnownKey>('claim_key', CLAIM_KEY, values)
  if (known?.claimed) return { kind: 'claimed' }
  // The claim of another is not seen by a statement that began before it.
  if (!known || known.request_sha256 === null) return { kind: 'running' }
  if (known.request_sha256 !== owned.requestSha256) return { kind: 'conflict' }
  return known.answered ? { kind: 'answered', answer: known.answer } : { kind: 'running' }
}

interface KnownKey {
  claimed: boolean
  request_sha256: string | null
  answered: boolean
  answer: unknown
}

const CLAIM_KEY = `
with claimed as (
  insert into idempotency_keys as known (user_id, route, key, request_sha256, claim, expires_at)
  values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
  on conflict (user_id, route, key) do update
  set request_sha256 = excluded.request_sha256, claim = excluded.claim, answer = null, created_at = now(), expires_at = excluded.expires_at
  where known.expires_at <= now()
  returning claim
)
select exists (select from claimed) as claimed, known.request_sha256, known.answer is not null as answered, known.answer
from (values (1)) as one left join idempotency_keys as known on known.user_id = $1 and known.route = $2 and known.key = $3`

/** For 24 hours. False when the claim is no longer the caller's: what was done under it must not be committed. */
export async function keepAnswer(database: Database, owned: OwnedKey, claim: string, answer: unknown): Promise<boolean> {
  const values = [owned.userId, owned.route, owned.key, claim, storableJson(answer)]
  return (await database.statement('keep_answer', KEEP_ANSWER, values)).length > 0
}

const KEEP_ANSWER = `
update idempotency_keys set answer = $5::jsonb, expires_at = now() + interval '24 hours'
where user_id = $1 and route = $2 and key = $3 and claim = $4 returning claim`

/** The key is free again. An answer that was kept stays, whatever the caller was told of its commit. */
export async function releaseKey(database: Database, owned: OwnedKey, claim: string): Promise<void> {
  await database.statement('release_key', RELEASE_KEY, [owned.userId, owned.route, owned.key, claim])
}

const RELEASE_KEY = `
delete from idempotency_keys where user_id = $1 and route = $2 and key = $3 and claim = $4 and answer is null`
