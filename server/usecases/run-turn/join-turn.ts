import { Refusal } from '../../domain/refusal.ts'
import type { TurnOutcome } from '../../domain/turn.ts'
import { createStoredTurnLog } from '../../live/stored-turn-log.ts'
import type { TurnLog, TurnLogs } from '../../live/turn-log.ts'
import { findTurn } from '../../store/conversation.ts'
import type { Database } from '../../store/database.ts'
import type { EarlierTurn, LoadedTurn, TurnToLoad } from '../../store/load-turn.ts'
import { turnIsRunning } from '../../store/turn-detail.ts'
import type { StartedTurn, TurnResult } from './drive.ts'
import type { UnheardAdmissions } from './unheard-admissions.ts'

interface JoinDependencies {
  database: Database
  unheard: UnheardAdmissions
  turnLogs: TurnLogs
}

/** The turn that an earlier request of the same key has made, null when there is none; a key that stands for something else is refused. */
export async function joinEarlierTurn(
  deps: JoinDependencies,
  { sessionId, requestKey }: TurnToLoad,
  loaded: LoadedTurn | null,
): Promise<StartedTurn | null> {
  if (!loaded?.earlier) return null
  if (loaded.earlier.requestSha256 !== requestKey?.requestSha256)
    throw new Refusal('idempotency_conflict', 'This Idempotency-Key stands for another request already.')
  // It is about to be withdrawn.
  if (deps.unheard.has(loaded.earlier.turnId))
    throw new Refusal('unavailable', 'The turn could not be begun. Try again in a moment.', { retry_after_seconds: 1 })
  return await joinTurn(deps, sessionId, loaded.earlier)
}

/** What the turn says and how it ends is told to whoever joins as to the first. */
async function joinTurn(deps: JoinDependencies, sessionId: string, { turnId, isRunning }: EarlierTurn): Promise<StartedTurn> {
  const stillRuns = () => turnIsRunning(deps.database, sessionId, turnId)
  const readClosed = () => findTurn(deps.database, sessionId, turnId)
  const findLog = () => deps.turnLogs.find(turnId, readClosed)
  const log = (await findLog()) ?? createStoredTurnLog(turnId, { stillRuns, readClosed, findLog }, isRunning)
  return { turnId, log, result: () => resultOf(deps, sessionId, log), replayed: true }
}

/** Waits for the end, whoever runs the turn. */
async function resultOf(deps: JoinDependencies, sessionId: string, log: TurnLog): Promise<TurnResult> {
  const failure = await failureTold(log)
  const turn = await findTurn(deps.database, sessionId, log.turnId)
  if (!turn) return { kind: 'not_closed' }
  return { kind: 'closed', turn, failure: turn.status === 'failed' ? failure : null }
}

const NO_ANSWER = { code: 'provider_error' as const, message: 'No agent could answer.' }

async function failureTold(log: TurnLog): Promise<NonNullable<TurnOutcome['failure']>> {
  const events = (await Array.fromAsync(log.read(new AbortController().signal))).flatMap(piece => piece.events)
  const told = events.findLast(event => event.type === 'error')
  return told?.code === 'provider_timeout'
    ? { code: told.code, message: told.message }
    : { ...NO_ANSWER, ...(told && { message: told.message }) }
}
