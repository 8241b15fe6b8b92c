import { sql } from 'kysely'
import type { TurnMode } from '../../contract/turns.ts'
import type { JournalEntry } from '../domain/turn.ts'
import type { Database } from './database.ts'
import { storableJson } from './storable.ts'

// A running turn's row: its journal, its hold, its lease. Every write names the fencing number and does nothing when it is no longer ours.

export interface JournalWrite {
  turnId: string
  fence: number
  /** Members to set, by request id: calls that begin, calls that ended. */
  entries: Record<string, unknown>
  /** What the turn holds from now on: what its ended calls cost and the worst case of those that run. */
  hold: string
  /** What is held must be covered by the balance. */
  enforced: boolean
  /** The hold must be covered; what has ended already is written whatever the credits say. */
  covered: boolean
  /** The user has a monthly cap, which asks for holds even without enforcement. */
  capped: boolean
}

export type JournalResult = { kind: 'written' } | { kind: 'insufficient'; available: string } | { kind: 'lost' }

/** Writes journal entries and moves the hold, by one statement. `insufficient`: nothing was written. `lost`: another process has taken the turn over. */
export async function writeJournal(database: Database, write: JournalWrite): Promise<JournalResult> {
  const [row] = await database.statement<{ written: boolean; held_by_us: boolean; available: string | null }>(
    'write_journal',
    WRITE_JOURNAL,
    [write.turnId, write.fence, storableJson(write.entries), write.hold, write.enforced || write.capped, write.enforced, write.covered],
  )
  if (row?.written) return { kind: 'written' }
  return row?.held_by_us ? { kind: 'insufficient', available: row.available ?? '0' } : { kind: 'lost' }
}

const WRITE_JOURNAL = `
with run as (
  select turn_id, user_id, hold from turn_runs where turn_id = $1 and fence = $2 for update
), wallet as (
  update credit_wallets set held = held + ($4 - run.hold)
  from run where credit_wallets.user_id = run.user_id and $5 and $4 <> run.hold and ($4 <= run.hold or not $7 or (
    (not $6 or balance - held >= $4 - run.hold)
    and coalesce((select monthly_credit_cap from users where id = run.user_id) - spent_this_month(credit_wallets) - held >= $4 - run.hold, true)))
  returning credit_wallets.user_id
), written as (
  update turn_runs set journal = journal || $3::jsonb, hold = case when $5 then $4 else turn_runs.hold end
  from run where turn_runs.turn_id = run.turn_id and (not $5 or $4 = run.hold or exists (select from wallet))
  returning turn_runs.turn_id
)
select exists (select from written) as written, exists (select from run) as held_by_us,
  (select run.hold + least(case when $6 then balance - held end,
      (select monthly_credit_cap from users where id = run.user_id) - spent_this_month(credit_wallets) - held)
    from credit_wallets join run using (user_id)) as available`

export interface RenewedLease {
  turnId: string
  isCancelled: boolean
}

/** Renews the leases of turns that this process runs; those that are still its own, and whether somebody has cancelled them. */
export async function renewLeases(
  database: Database,
  ownerProcess: string,
  turnIds: string[],
  leaseSeconds: number,
): Promise<RenewedLease[]> {
  return await database.statement<RenewedLease>('renew_leases', RENEW_LEASES, [ownerProcess, turnIds, leaseSeconds])
}

const RENEW_LEASES = `
update turn_runs set lease_until = now() + make_interval(secs => $3) where owner_process = $1 and turn_id = any($2::uuid[])
returning turn_id as "turnId", cancel_requested_at is not null as "isCancelled"`

/** Undoes admissions that nobody has heard of; the ids of those that there were. Whoever has taken a turn over meanwhile keeps it. */
export async function withdrawAdmissions(database: Database, turnIds: string[], fence: number): Promise<string[]> {
  const withdrawn = await database.statement<{ turn_id: string }>('withdraw_admissions', WITHDRAW_ADMISSIONS, [turnIds, fence])
  return withdrawn.map(({ turn_id }) => turn_id)
}

// By user: an update meets a wallet's row once, however many of its turns are withdrawn.
const WITHDRAW_ADMISSIONS = `
with run as (
  delete from turn_runs where turn_id = any($1::uuid[]) and fence = $2 returning turn_id, user_id, hold
), by_user as (
  select user_id, sum(hold) as held, count(*) as turns from run group by user_id
), wallet as (
  update credit_wallets set held = credit_wallets.held - by_user.held, running_turns = running_turns - by_user.turns
  from by_user where credit_wallets.user_id = by_user.user_id
)
select turn_id from run`

/** A turn that was taken over: who closes it now, under which fencing number, and what its process had journalled. */
export interface TakenTurn {
  turnId: string
  fence: number
  sessionId: string
  userId: string
  turnIndex: number
  mode: TurnMode
  request: {
    message: string
    roomId: string | null
    speakers: { key: string; name: string }[]
    /** Not told by the release before. */
    roster?: { key: string; name: string }[]
    supersedesTurnId: string | null
  }
  journal: Record<string, JournalEntry>
  /** Its user had cancelled it, whether or not its process heard of that. */
  isCancelled: boolean
}

export interface TakeOver {
  ownerProcess: string
  leaseSeconds: number
  /** Turns that the caller itself runs; however late it is, they are not to be taken from it. */
  ownTurns: string[]
  /** Also take turns of other processes whose lease still runs, for a program that knows that it is the only one. */
  orphans: boolean
}

/** Takes over turns whose lease has lapsed, a few at a time: the raised fencing number keeps their old process from writing anything any more. */
export async function takeOverTurns(database: Database, { ownerProcess, leaseSeconds, ownTurns, orphans }: TakeOver): Promise<TakenTurn[]> {
  return await database.statement<TakenTurn>('take_over_turns', TAKE_OVER_TURNS, [ownerProcess, leaseSeconds, orphans, ownTurns])
}

const TAKE_OVER_TURNS = `
update turn_runs set fence = fence + 1, owner_process = $1, lease_until = now() + make_interval(secs => $2)
where turn_id in (
  select turn_id from turn_runs where (lease_until < now() or ($3 and owner_process <> $1)) and turn_id <> all($4::uuid[])
  order by lease_until limit 20 for update skip locked
)
returning turn_id as "turnId", fence, session_id as "sessionId", user_id as "userId", turn_index as "turnIndex", mode, request, journal,
  cancel_requested_at is not null as "isCancelled"`

// A cancel is a mark on the run's row; the database signals it to whichever process runs the turn.

export async function requestCancel(database: Database, turnId: string): Promise<void> {
  await markCancelled(database).where('turn_id', '=', turnId).execute()
}

export async function requestCancelInSession(database: Database, sessionId: string): Promise<void> {
  await markCancelled(database).where('session_id', '=', sessionId).execute()
}

export async function requestCancelInRoom(database: Database, roomId: string): Promise<void> {
  await markCancelled(database)
    .where('session_id', 'in', rooms => rooms.selectFrom('sessions').select('id').where('room_id', '=', roomId))
    .execute()
}

const markCancelled = (database: Database) =>
  database.kysely.updateTable('turn_runs').set({ cancel_requested_at: sql`coalesce(cancel_requested_at, now())` })
