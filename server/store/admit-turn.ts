import type { RequestKey } from '../domain/request-key.ts'
import { type Database, isConnectionLoss, violatedConstraint } from './database.ts'
import { storableJson } from './storable.ts'

/** What a turn needs to begin. */
export interface Admission {
  turnId: string
  sessionId: string
  userId: string
  roomId: string | null
  mode: string
  /** The snapshot's count of closed turns: when another turn was closed since, the snapshot is stale. */
  expectedTurnCount: number
  /** What the client asked for, kept for whoever closes the turn after a crash. */
  request: unknown
  /** Credits to hold; 0 when neither enforcement nor a monthly cap asks for it. */
  hold: string
  enforced: boolean
  runningTurnsMaximum: number
  ownerProcess: string
  leaseSeconds: number
  /** The first call, by its request id. */
  journal: unknown
  /** The room's waiting mode begins with this turn. */
  applyPendingMode: boolean
  requestKey: RequestKey | null
}

export type AdmissionResult =
  | { kind: 'admitted'; startedAt: string }
  | { kind: 'turn_in_progress' }
  | { kind: 'stale' }
  | { kind: 'too_many_running' }
  /** `monthLeft`: what the user's monthly cap still lets be spent, holds not counted; null without a cap. */
  | { kind: 'insufficient'; balance: string; held: string; monthLeft: string | null }

/** Run row, hold, place among the running turns, idempotency key and first journal entry: all by one statement, or nothing. */
export async function admitTurn(database: Database, admission: Admission): Promise<AdmissionResult> {
  const { name, text, values } = statementOf(admission)
  const rows = await database.statement<AdmissionRow>(name, text, values).catch(refusedByConstraint)
  if (typeof rows === 'string') return { kind: rows }
  const row = rows[0]!
  if (row.started_at) return { kind: 'admitted', startedAt: row.started_at }
  if (row.running_turns >= admission.runningTurnsMaximum) return { kind: 'too_many_running' }
  return { kind: 'insufficient', balance: row.balance, held: row.held, monthLeft: row.month_left }
}

interface AdmissionRow {
  started_at: string | null
  balance: string
  held: string
  running_turns: number
  month_left: string | null
}

const parameters = (admission: Admission) => [
  admission.turnId,
  admission.sessionId,
  admission.userId,
  admission.expectedTurnCount,
  admission.mode,
  storableJson(admission.request),
  admission.hold,
  admission.enforced,
  admission.runningTurnsMaximum,
  admission.ownerProcess,
  admission.leaseSeconds,
  storableJson(admission.journal),
  admission.requestKey?.route ?? null,
  admission.requestKey?.key ?? null,
  admission.requestKey?.requestSha256 ?? null,
]

/** The branch that begins a room's waiting mode is only there when it is wanted: PostgreSQL sets up every branch, used or not. */
function statementOf(admission: Admission) {
  const values = parameters(admission)
  if (!admission.applyPendingMode) return { name: 'admit_turn', text: ADMISSION + RESULT, values }
  return { name: 'admit_turn_in_new_mode', text: ADMISSION + BEGIN_MODE + RESULT, values: [...values, admission.roomId] }
}

// The wallet's row is the lock: two turns of one user pass it one after the other, and the second sees what the first holds.
// The session is locked behind it, in the order of the close: whoever waited here for the close of another turn sees what that one wrote.
// A session that moved on or went makes turn_index null, and a running turn violates the unique session: either undoes the whole statement.
const ADMISSION = `
with wallet as (
  update credit_wallets set held = held + $7, running_turns = running_turns + 1
  where user_id = $3 and running_turns < $9 and (not $8 or (balance > 0 and balance - held >= $7))
    and coalesce((select monthly_credit_cap from users where id = $3) - spent_this_month(credit_wallets) - held >= $7, true)
  returning user_id
), session as (
  select sessions.turn_count + 1 as next_index from wallet, sessions
  where sessions.id = $2 and sessions.deleted_at is null and sessions.turn_count = $4
  for no key update of sessions
), run as (
  insert into turn_runs (turn_id, session_id, user_id, turn_index, mode, request, hold, owner_process, lease_until, journal,
    idempotency_route, idempotency_key, idempotency_sha256)
  select $1, $2, wallet.user_id, (select next_index from session), $5, $6, $7, $10, now() + make_interval(secs => $11), $12, $13, $14, $15
  from wallet
  returning started_at
)`

const BEGIN_MODE = `, mode as (
  update rooms set current_mode = pending_mode, pending_mode = null
  where id = $16 and pending_mode is not null and exists (select from run)
)`

const RESULT = `
select (select started_at from run), balance, held, running_turns,
  (select monthly_credit_cap from users where id = $3) - spent_this_month(credit_wallets) as month_left
from credit_wallets where user_id = $3`

function refusedByConstraint(error: unknown): 'turn_in_progress' | 'stale' {
  if (isConnectionLoss(error)) throw error
  const constraint = violatedConstraint(error)
  if (constraint === 'turn_runs_session_id_key') return 'turn_in_progress'
  if (constraint === 'turn_index') return 'stale'
  throw error
}
