import { v7 as uuidv7 } from 'uuid'
import type { TurnCreate } from '../../contract/turns.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound, Refusal } from '../domain/refusal.ts'
import { requireNoTools, takeSnapshot } from '../domain/snapshot.ts'
import { loadTurn } from '../store/load-turn.ts'
import { planFirstCall } from '../turns/first-call.ts'
import { admit } from './run-turn/admit.ts'
import { type StartedTurn, startTurn, type TurnDependencies } from './run-turn/drive.ts'

/** How often a session that moves on between its reading and its admission is read again. */
const STALE_TRIES = 3

/**
 * Admits a turn and sets it running; whoever called may leave, it runs on to its close.
 * Every refusal comes from here, before any model call, and leaves no row.
 */
export async function runTurn(
  deps: TurnDependencies,
  caller: Caller,
  sessionId: string,
  wish: TurnCreate,
  { basicStream, traceId }: { basicStream: boolean; traceId: string },
): Promise<StartedTurn> {
  const turnWish = { message: wish.message, modelAliasOverride: wish.model_alias_override, maxCredits: wish.max_credits }
  for (let tries = 0; tries < STALE_TRIES; tries++) {
    const loaded = await loadTurn(deps.database, caller.userId, sessionId, deps.settings.privateTurnsKept)
    if (!loaded) throw notFound('Session')
    const ids = { turnId: uuidv7(), traceId, userId: caller.userId }
    const snapshot = takeSnapshot(loaded, await deps.catalogue.current(), turnWish, deps.settings, ids)
    if (basicStream) requireNoTools(snapshot)
    const first = await planFirstCall(snapshot, deps.settings, deps.tokens)
    if (loaded.runningTurnId !== null) throw turnInProgress()
    const admitted = await admit(deps, snapshot, first, loaded)
    if (admitted !== 'stale') return startTurn(deps, snapshot, admitted)
  }
  throw turnInProgress()
}

const turnInProgress = () => new Refusal('turn_in_progress', 'This session is answering already. Wait for its turn to end, or cancel it.')
