import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from '../domain/refusal.ts'
import type { Database } from './database.ts'
import { claimKey, keepAnswer, type OwnedKey, releaseKey } from './idempotency-keys.ts'

/** What only `Keep` makes, so that no work can end without its answer being kept. */
export interface Kept<Answer> {
  kept: Answer
}

/** Keeps the answer, in the transaction that does what it tells of: both are committed, or neither. */
export type Keep<Answer> = (database: Database, answer: Answer) => Promise<Kept<Answer>>

export interface Answered<Answer> {
  answer: Answer
  replayed: boolean
}

const LEASE_SECONDS = 60
const ASK_AGAIN_MS = 20
const ASK_AGAIN_MAXIMUM_MS = 200

/**
 * Runs `work` once per key: a repeat gets the first answer, waits for it while the first still runs, and is refused with
 * `idempotency_conflict` when it asks for something else. What throws is not kept. Without a key `work` just runs.
 * A process that dies between claim and answer frees its key after a minute; had its transaction been committed, the answer was too.
 */
export async function withIdempotency<Answer>(
  database: Database,
  owned: OwnedKey | null,
  work: (keep: Keep<Answer>) => Promise<Kept<Answer>>,
  leaseSeconds = LEASE_SECONDS,
): Promise<Answered<Answer>> {
  if (owned === null) return { answer: (await work(async (_, answer) => ({ kept: answer }))).kept, replayed: false }
  const claim = randomUUID()
  for (let wait = ASK_AGAIN_MS; ; wait = Math.min(wait * 2, ASK_AGAIN_MAXIMUM_MS)) {
    const result = await claimKey(database, owned, claim, leaseSeconds)
    if (result.kind === 'conflict') throw new Refusal('idempotency_conflict', 'This Idempotency-Key stands for another request already.')
    if (result.kind === 'answered') return { answer: result.answer as Answer, replayed: true }
    const kept = result.kind === 'claimed' ? await workUnderClaim(database, owned, claim, work) : null
    if (kept) return { answer: kept.kept, replayed: false }
    await sleep(wait)
  }
}

/** Null when the work took longer than the claim held, and another request has the key: nothing of it was committed. */
async function workUnderClaim<Answer>(
  database: Database,
  owned: OwnedKey,
  claim: string,
  work: (keep: Keep<Answer>) => Promise<Kept<Answer>>,
): Promise<Kept<Answer> | null> {
  try {
    return await work(async (bound, answer) => {
      if (!(await keepAnswer(bound, owned, claim, answer))) throw new ClaimLost()
      return { kept: answer }
    })
  } catch (error) {
    if (error instanceof ClaimLost) return null
    // A database that is away frees the key by itself, later.
    await releaseKey(database, owned, claim).catch(() => {})
    throw error
  }
}

class ClaimLost extends Error {}
