import { setTimeout as sleep } from 'node:timers/promises'
import type { DoneEvent, TurnEvent } from '../../../contract/events.ts'
import type { TurnRead } from '../../../contract/turns.ts'
import { decimal } from '../../domain/money.ts'
import type { Observer, TurnObserver } from '../../domain/observation.ts'
import { type EndedCall, FIRST_FENCE, type JournalEntry, type TurnOutcome, type TurnSnapshot } from '../../domain/turn.ts'
import type { KeyedQueue } from '../../live/keyed-queue.ts'
import type { RateLimiter } from '../../live/rate-limiter.ts'
import type { RunningTurns, StopReason } from '../../live/running-turns.ts'
import type { OwnTurnLog, TurnLog, TurnLogs, TurnLogWriter } from '../../live/turn-log.ts'
import type { ModelProviders } from '../../llm/providers.ts'
import type { TokenCounter } from '../../llm/tokens.ts'
import type { CatalogueCache } from '../../store/catalogue.ts'
import { type ClosedTurn, closeTurn, readClosedTurn } from '../../store/close-turn.ts'
import { type Database, isPassingTrouble } from '../../store/database.ts'
import type { SettingsCache } from '../../store/runtime-settings.ts'
import { writeJournal } from '../../store/turn-run.ts'
import type { Toolbox } from '../../tools/toolbox.ts'
import { runEngine } from '../../turns/engine.ts'
import { createJournal, type Journal, TurnLost } from '../../turns/journal.ts'
import type { TurnSettings } from '../../turns/turn.ts'
import type { AdmittedFirstCall } from './admit.ts'
import type { UnheardAdmissions } from './unheard-admissions.ts'

export interface RunTurnSettings extends TurnSettings {
  managerAlias: string
  summarizerAlias: string
  privateTurnsKept: number
  turnsRunningPerUser: number
  lowBalanceThreshold: string
}

export interface TurnLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface TurnDependencies {
  database: Database
  catalogue: CatalogueCache
  turnLogs: TurnLogs
  runningTurns: RunningTurns
  providers: ModelProviders
  tools: Toolbox
  tokens: TokenCounter
  settings: RunTurnSettings
  /** What administrators change while the program runs. */
  runtimeSettings: SettingsCache
  /** Turns per user, over both endpoints together. */
  rateLimiter: RateLimiter
  /** By idempotency key: the first request is admitted before the next of the same key looks for it. */
  sameRequests: KeyedQueue
  unheard: UnheardAdmissions
  /** Names this process among the replicas. */
  ownerProcess: string
  log: TurnLogger
  observer: Observer
}

/** How long a close, or a journal entry, waits for a database that is away. */
const DATABASE_PATIENCE_MS = 60_000
const DATABASE_RETRY_MS = 500

export type TurnResult = { kind: 'closed'; turn: TurnRead; failure: TurnOutcome['failure'] } | { kind: 'not_closed' }

export interface StartedTurn {
  turnId: string
  log: TurnLog
  /** Settles with the turn's end. */
  result(): Promise<TurnResult>
  /** An earlier request of the same key has made it. */
  replayed: boolean
}

/** Sets an admitted turn running. It ends by its close, whoever listens. */
export function startTurn(deps: TurnDependencies, snapshot: TurnSnapshot, first: AdmittedFirstCall): StartedTurn {
  const stop = new AbortController()
  const log = deps.turnLogs.open(snapshot.turnId, FIRST_FENCE, () => stop.abort('lost' satisfies StopReason))
  const result = drive(deps, snapshot, first, log, stop.signal)
  deps.runningTurns.add(snapshot.turnId, { stop: (reason: StopReason) => stop.abort(reason), finished: result })
  return { turnId: snapshot.turnId, log, result: () => result, replayed: false }
}

/** From the first event to `done`. Never rejects. */
async function drive(
  deps: TurnDependencies,
  snapshot: TurnSnapshot,
  first: AdmittedFirstCall,
  log: OwnTurnLog,
  stopped: AbortSignal,
): Promise<TurnResult> {
  const journal = createJournal(journalWriter(deps, snapshot))
  const observed = deps.observer.turn(snapshot)
  try {
    const outcome = await runEngine(snapshot, first, deps.settings, ports(deps, snapshot, journal, log, stopped, observed))
    await journal.finish()
    const closingSince = performance.now()
    const closed = await close(deps, snapshot, outcome)
    const closeSeconds = (performance.now() - closingSince) / 1_000
    if (!closed) throw new TurnLost()
    if (outcome.failure) log.append({ type: 'error', ...outcome.failure })
    log.append(doneEvent(snapshot.turnId, outcome, closed))
    deps.log.info(closeFields(snapshot, outcome, closed), 'turn closed')
    observed.closed({ outcome, closeSeconds })
    return { kind: 'closed', turn: turnRead(snapshot, outcome, closed), failure: outcome.failure }
  } catch (error) {
    observed.givenUp()
    await giveUp(deps, snapshot, journal, log, error)
    return { kind: 'not_closed' }
  }
}

const ports = (
  deps: TurnDependencies,
  snapshot: TurnSnapshot,
  journal: Journal,
  log: TurnLogWriter,
  stopped: AbortSignal,
  observed: TurnObserver,
) => ({
  emit: observed.event ? observedEmit(log, observed.event) : log.append,
  provider: deps.providers.of,
  tools: deps.tools,
  tokens: deps.tokens,
  journal,
  stopped,
  now: () => performance.now(),
  wait: (milliseconds: number, signal: AbortSignal) => sleep(milliseconds, undefined, { signal }).catch(() => {}),
  logCall(call: EndedCall) {
    logCall(deps.log, snapshot, call)
    observed.call(call)
  },
})

const observedEmit = (log: TurnLogWriter, see: NonNullable<TurnObserver['event']>) => (event: TurnEvent) => {
  log.append(event)
  if (event.type !== 'chunk') see(event)
}

const closeFields = (snapshot: TurnSnapshot, outcome: TurnOutcome, closed: ClosedTurn) => ({
  turn_id: snapshot.turnId,
  trace_id: snapshot.traceId,
  user_id: snapshot.userId,
  mode: snapshot.mode,
  status: outcome.status,
  credits: closed.creditsBurned,
})

function logCall(log: TurnLogger, snapshot: TurnSnapshot, call: EndedCall): void {
  const overHold = (snapshot.enforced || snapshot.capped) && call.charged && decimal(call.amount).gt(call.worstCase)
  if (overHold)
    log.error({ ...callFields(snapshot, call), held: call.worstCase, amount: call.amount }, 'a provider reported more than was held')
  log.info(callFields(snapshot, call), 'model call')
}

const callFields = (snapshot: TurnSnapshot, call: EndedCall) => ({
  turn_id: snapshot.turnId,
  trace_id: snapshot.traceId,
  user_id: snapshot.userId,
  purpose: call.purpose,
  agent_key: call.agentKey,
  model_alias: call.model.alias,
  provider_model: call.providerModel,
  status: call.status,
  latency_ms: call.latencyMs,
  time_to_first_token_ms: call.timeToFirstTokenMs,
  input_tokens_fresh: call.inputFresh,
  input_tokens_cached: call.inputCached,
  output_tokens: call.output,
  credits: call.credits,
})

const journalWriter =
  (deps: TurnDependencies, snapshot: TurnSnapshot) => async (entries: Record<string, JournalEntry>, hold: string, covered: boolean) => {
    const { turnId, enforced, capped } = snapshot
    const write = { turnId, fence: FIRST_FENCE, entries, hold, covered, enforced, capped }
    const result = await patiently(() => writeJournal(deps.database, write))
    if (result.kind === 'lost') throw new TurnLost()
    return result
  }

/** The one commit of the turn. Null when it is another process's by now. */
async function close(deps: TurnDependencies, snapshot: TurnSnapshot, outcome: TurnOutcome): Promise<ClosedTurn | null> {
  const closing = { snapshot, fence: FIRST_FENCE, outcome, lowBalanceThreshold: deps.settings.lowBalanceThreshold }
  return await patiently(async retried => {
    const closed = await closeTurn(deps.database, closing)
    return closed === null && retried ? await readClosedTurn(deps.database, closing) : closed
  })
}

/** Repeats what a lost connection has broken. What is repeated must do nothing a second time. */
async function patiently<Result>(work: (retried: boolean) => Promise<Result>): Promise<Result> {
  const until = performance.now() + DATABASE_PATIENCE_MS
  for (let retried = false; ; retried = true) {
    try {
      return await work(retried)
    } catch (error) {
      if (!isPassingTrouble(error) || performance.now() > until) throw error
      await sleep(DATABASE_RETRY_MS)
    }
  }
}

const doneEvent = (turnId: string, outcome: TurnOutcome, closed: ClosedTurn): DoneEvent => ({
  type: 'done',
  turn_id: turnId,
  provider_model: outcome.providerModel,
  status: outcome.status,
  summary_used_fallback: outcome.summary?.usedFallback ?? false,
  balance_after: closed.balanceAfter,
  low_balance: closed.lowBalance,
  ...(outcome.limit && { limit: outcome.limit }),
})

const turnRead = (snapshot: TurnSnapshot, outcome: TurnOutcome, closed: ClosedTurn): TurnRead => ({
  id: snapshot.turnId,
  session_id: snapshot.sessionId,
  turn_index: snapshot.turnIndex,
  mode: snapshot.mode,
  user_input: snapshot.message,
  assistant_output: outcome.output,
  status: outcome.status,
  model_alias_used: outcome.modelAliasUsed,
  summary_triggered: outcome.summaryTriggered,
  prune_triggered: outcome.pruneTriggered,
  overflow_rejected: outcome.overflowRejected,
  summary_used_fallback: outcome.summary?.usedFallback ?? false,
  balance_after: closed.balanceAfter,
  low_balance: closed.lowBalance,
  credits_burned: closed.creditsBurned,
  created_at: closed.createdAt,
})

/**
 * Nothing of the turn is visible; its row stays with the journal, and whoever finds its lease lapsed closes it. Its readers are told and let go:
 * what they rejoin is what that close will store.
 */
async function giveUp(deps: TurnDependencies, snapshot: TurnSnapshot, journal: Journal, log: OwnTurnLog, error: unknown): Promise<void> {
  const lost = error instanceof TurnLost
  const fields = { err: error, turn_id: snapshot.turnId, user_id: snapshot.userId }
  deps.log.error(fields, lost ? 'lease lost' : 'a turn could not be closed')
  if (!lost) await journal.keep().catch(err => deps.log.error({ ...fields, err }, 'the calls of a turn could not be journalled'))
  const code = lost || isPassingTrouble(error) ? 'unavailable' : 'internal_error'
  log.append({
    type: 'error',
    code,
    message: 'The turn could not be stored just now. It will be closed within a minute; read it again then.',
  })
  log.drop()
}
