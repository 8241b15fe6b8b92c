import { randomUUID } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { Caller } from '../../server/domain/caller.ts'
import type { PricedModel } from '../../server/domain/catalogue.ts'
import { Refusal } from '../../server/domain/refusal.ts'
import type { BegunCall, EndedCall, TurnOutcome } from '../../server/domain/turn.ts'
import { moveCredits } from '../../server/store/admin-wallets.ts'
import { admitTurn } from '../../server/store/admit-turn.ts'
import { closeTurn } from '../../server/store/close-turn.ts'
import type { Database } from '../../server/store/database.ts'
import { writeJournal } from '../../server/store/turn-run.ts'
import { grantCredits } from '../../server/usecases/grant-credits.ts'
import { refundDebit } from '../../server/usecases/refund-debit.ts'
import { randomFrom } from '../random.ts'

// Everything that moves credits, at random, by the statements that the program moves them with.

/** The last digit of the ledger is one unit. */
const UNITS = 100_000_000n
const credits = (units: bigint): string => `${units / UNITS}.${(units % UNITS).toString().padStart(8, '0')}`
export const unitsOf = (text: string): bigint => {
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  const units = BigInt(whole) * UNITS + BigInt(fraction.padEnd(8, '0'))
  return text.startsWith('-') ? -units : units
}

export interface Wallet {
  userId: string
  /** What the answers say that the balance must be; kept apart from the database. */
  expected: bigint
  debits: { id: string; left: bigint }[]
  sessions: { id: string; turnCount: number; busy: boolean }[]
}

const SESSIONS = 3
const MODEL: PricedModel = {
  alias: 'deepseek',
  displayName: 'DeepSeek',
  provider: 'demo',
  providerModel: 'x',
  contextWindow: 8192,
  multiplier: '1',
  pricingVersion: '2026-02-20',
  fallbackAlias: null,
  inputUsdPerMillion: '0',
  cachedInputUsdPerMillion: '0',
  outputUsdPerMillion: '0',
}

const OWNER: Caller = { userId: 'owner', email: null, role: 'owner' }

export async function createWallets(database: Database, count: number): Promise<Wallet[]> {
  const { kysely } = database
  await kysely.insertInto('users').values({ id: OWNER.userId, issuer: 'test', subject: OWNER.userId }).execute()
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const userId = `user-${index}`
      const agentId = randomUUID()
      await kysely.insertInto('users').values({ id: userId, issuer: 'test', subject: userId }).execute()
      await kysely.insertInto('credit_wallets').values({ id: randomUUID(), user_id: userId }).execute()
      await kysely
        .insertInto('agents')
        .values({ id: agentId, owner_user_id: userId, agent_key: 'x', name: 'X', model_alias: 'deepseek' })
        .execute()
      const sessions = Array.from({ length: SESSIONS }, () => ({ id: randomUUID(), turnCount: 0, busy: false }))
      await kysely
        .insertInto('sessions')
        .values(sessions.map(({ id }) => ({ id, agent_id: agentId, started_by_user_id: userId })))
        .execute()
      return { userId, expected: 0n, debits: [], sessions }
    }),
  )
}

export interface LoadCounts {
  grants: number
  turns: number
  refunds: number
  clawbacks: number
  refused: number
}

/** Runs `operations` random movements, `concurrency` at a time, over the wallets. */
export async function moveAtRandom(
  database: Database,
  wallets: Wallet[],
  { operations, concurrency, seed }: { operations: number; concurrency: number; seed: number },
): Promise<LoadCounts> {
  const random = randomFrom(seed)
  const counts: LoadCounts = { grants: 0, turns: 0, refunds: 0, clawbacks: 0, refused: 0 }
  const upTo = (maximum: number) => BigInt(1 + Math.floor(random() * maximum))
  let left = operations
  const worker = async () => {
    while (left-- > 0) await move(database, wallets[Math.floor(random() * wallets.length)]!, random, upTo, counts)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return counts
}

type UpTo = (maximum: number) => bigint

async function move(database: Database, wallet: Wallet, random: () => number, upTo: UpTo, counts: LoadCounts): Promise<void> {
  const kind = random()
  const session = wallet.sessions.find(({ busy }) => !busy)
  const debit = wallet.debits[Math.floor(random() * wallet.debits.length)]
  if (kind < 0.25) {
    counts.grants += 1
    await grant(database, wallet, upTo(5_000_000_000))
  } else if (kind < 0.3) {
    counts.clawbacks += 1
    await clawBack(database, wallet, upTo(1_000_000_000))
  } else if (kind < 0.55 && debit) {
    // Now and then all that is left, and now and then more than there is.
    const part = random() < 0.2 ? null : upTo(60_000_000)
    counts[(await refund(database, wallet, debit, part)) ? 'refunds' : 'refused'] += 1
  } else if (session) {
    counts.turns += 1
    await runTurn(database, wallet, session, random, upTo)
  }
}

async function grant(database: Database, wallet: Wallet, units: bigint): Promise<void> {
  await grantCredits({ database }, OWNER, wallet.userId, { amount: credits(units), note: null }, null)
  wallet.expected += units
}

/** As a payment that is taken back moves it; may make a balance negative. */
async function clawBack(database: Database, wallet: Wallet, units: bigint): Promise<void> {
  const { userId } = wallet
  const move = {
    userId,
    amount: `-${credits(units)}`,
    kind: 'refund',
    initiatedBy: OWNER.userId,
    referenceId: 'payment',
    note: null,
  } as const
  await moveCredits(database, move)
  wallet.expected -= units
}

async function refund(database: Database, wallet: Wallet, debit: Wallet['debits'][number], part: bigint | null): Promise<boolean> {
  const wish = { transaction_id: debit.id, amount: part === null ? null : credits(part), note: 'at random' }
  try {
    const { answer } = await refundDebit({ database }, OWNER, wallet.userId, wish, null)
    const given = unitsOf(answer.credits_refunded)
    debit.left -= given
    wallet.expected += given
    return true
  } catch (error) {
    if (error instanceof Refusal && error.code === 'validation_error') return false
    throw error
  }
}

/** Admission with a hold, a journal entry that moves it, and the close: sometimes twice at once, as after a take-over. */
async function runTurn(
  database: Database,
  wallet: Wallet,
  session: Wallet['sessions'][number],
  random: () => number,
  upTo: UpTo,
): Promise<void> {
  session.busy = true
  const turnId = uuidv7()
  const calls = Array.from({ length: 1 + Math.floor(random() * 3) }, () => endedCall(upTo(50_000_000), random() < 0.8))
  const admitted = await admitTurn(database, {
    turnId,
    sessionId: session.id,
    userId: wallet.userId,
    roomId: null,
    mode: 'standalone',
    expectedTurnCount: session.turnCount,
    request: {},
    hold: credits(upTo(100_000_000)),
    enforced: false,
    runningTurnsMaximum: 1000,
    ownerProcess: 'test',
    leaseSeconds: 60,
    journal: {},
    applyPendingMode: false,
    requestKey: null,
  })
  if (admitted.kind !== 'admitted') throw new Error(`not admitted: ${admitted.kind}`)
  const journal = { turnId, fence: 1, entries: {}, hold: credits(upTo(100_000_000)), enforced: false, covered: true, capped: true }
  const written = await writeJournal(database, journal)
  if (written.kind !== 'written') throw new Error(`not written: ${written.kind}`)
  const closing = {
    snapshot: {
      turnId,
      turnIndex: session.turnCount + 1,
      sessionId: session.id,
      userId: wallet.userId,
      mode: 'standalone',
      message: 'x',
      supersedesTurnId: null,
      room: null,
    },
    fence: 1,
    outcome: outcomeOf(calls),
    lowBalanceThreshold: '5',
  } as const
  const closes = await Promise.all(Array.from({ length: random() < 0.2 ? 2 : 1 }, () => closeTurn(database, closing)))
  if (closes.filter(closed => closed !== null).length !== 1) throw new Error('a turn must be closed once')
  for (const call of calls) if (call.charged) wallet.expected -= unitsOf(call.amount)
  const debits = await database.kysely
    .selectFrom('credit_transactions')
    .select(['id', 'amount'])
    .where('reference_id', '=', turnId)
    .execute()
  wallet.debits.push(...debits.map(({ id, amount }) => ({ id, left: -unitsOf(amount) })))
  session.turnCount += 1
  session.busy = false
}

function endedCall(units: bigint, charged: boolean): EndedCall {
  const begun: BegunCall = {
    requestId: uuidv7(),
    purpose: 'agent',
    agentId: null,
    agentKey: 'x',
    step: 1,
    round: null,
    model: MODEL,
    worstCase: '0',
  }
  return {
    ...begun,
    status: 'success',
    providerModel: 'x',
    providerRequestId: null,
    inputFresh: 1,
    inputCached: 1,
    output: 1,
    usageEstimated: false,
    oeTokens: '1',
    costUsd: '0',
    charged,
    amount: charged ? credits(units) : '0',
    credits: charged ? credits(units) : '0',
    latencyMs: 1,
    timeToFirstTokenMs: 1,
  }
}

const outcomeOf = (calls: EndedCall[]): TurnOutcome => ({
  status: 'completed',
  output: 'x',
  modelAliasUsed: 'deepseek',
  providerModel: 'x',
  limit: null,
  messages: [],
  calls,
  toolCalls: [],
  audits: [],
  routing: [],
  summary: null,
  summaryTriggered: false,
  pruneTriggered: false,
  overflowRejected: false,
  failure: null,
})
