import { validate as isUuid, v7 as uuidv7 } from 'uuid'
import type { TurnCreate, TurnRegenerate } from '../../contract/turns.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound, Refusal, turnInProgress } from '../domain/refusal.ts'
import type { RequestKey } from '../domain/request-key.ts'
import { requireNoTools, type TurnWish, takeSnapshot } from '../domain/snapshot.ts'
import type { RateLimiter, WindowState } from '../live/rate-limiter.ts'
import { findTurn } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { type LoadedTurn, loadTurn, type TurnToLoad } from '../store/load-turn.ts'
import { planFirstCall } from '../turns/first-call.ts'
import { admit } from './run-turn/admit.ts'
import { type StartedTurn, startTurn, type TurnDependencies } from './run-turn/drive.ts'
import { joinEarlierTurn } from './run-turn/join-turn.ts'

export interface TurnRequest {
  basicStream: boolean
  traceId: string
  requestKey: RequestKey | null
  /** Told how the user's limits stand as soon as they have counted this request, or refused it. */
  onLimits: (limits: WindowState[]) => void
}

/** A new message, or the last turn's message once more. */
export type WantedTurn = TurnCreate | (TurnRegenerate & { regenerate: string })

/** How often a session that moves on between its reading and its admission is read again. */
const STALE_TRIES = 3

/**
 * Admits a turn and sets it running; whoever called may leave, it runs on to its close.
 * Every refusal comes from here, before any model call, and leaves no row.
 * A request whose key an earlier one bore joins that one's turn, and counts against no limit.
 */
export async function runTurn(
  deps: TurnDependencies,
  caller: Caller,
  sessionId: string,
  wish: WantedTurn,
  request: TurnRequest,
): Promise<StartedTurn> {
  const { requestKey } = request
  const toLoad = { userId: caller.userId, sessionId, privateTurns: deps.settings.privateTurnsKept, requestKey }
  if (requestKey === null) return await runNewTurn(deps, toLoad, wish, request, null)
  return await deps.sameRequests.run(JSON.stringify([caller.userId, sessionId, requestKey.route, requestKey.key]), async () => {
    const loaded = await loadTurn(deps.database, toLoad)
    return (await joinEarlierTurn(deps, toLoad, loaded)) ?? (await runNewTurn(deps, toLoad, wish, request, loaded))
  })
}

/** `alreadyLoaded`: what was found when its key was looked for; the limit comes before any other look. */
async function runNewTurn(
  deps: TurnDependencies,
  toLoad: TurnToLoad,
  wish: WantedTurn,
  request: TurnRequest,
  alreadyLoaded: LoadedTurn | null,
): Promise<StartedTurn> {
  const giveBack = await takeFromLimits(deps.rateLimiter, toLoad.userId, request.onLimits)
  try {
    return await admitAndStart(deps, toLoad, wish, request, alreadyLoaded)
  } catch (error) {
    // The first request of this key may have reached another process and been admitted there meanwhile; then this one is its repeat.
    const mayBeRepeat = toLoad.requestKey !== null && error instanceof Refusal
    const joined = mayBeRepeat && (await joinEarlierTurn(deps, toLoad, await loadTurn(deps.database, toLoad)))
    // What failed for a reason of ours was no try of the user's.
    if (joined || !(error instanceof Refusal)) await giveBack()
    if (!joined) throw error
    return joined
  }
}

async function takeFromLimits(limiter: RateLimiter, userId: string, onLimits: TurnRequest['onLimits']): Promise<() => Promise<void>> {
  const decision = await limiter.take(userId)
  onLimits(decision.limits)
  if (decision.kind === 'admitted') return decision.giveBack
  throw new Refusal('rate_limited', 'rate limit exceeded', { retry_after_seconds: decision.retryAfterSeconds })
}

async function admitAndStart(
  deps: TurnDependencies,
  toLoad: TurnToLoad,
  wish: WantedTurn,
  { basicStream, traceId, requestKey }: TurnRequest,
  alreadyLoaded: LoadedTurn | null,
): Promise<StartedTurn> {
  for (let tries = 0; tries < STALE_TRIES; tries++) {
    const loaded = (tries === 0 && alreadyLoaded) || (await loadTurn(deps.database, toLoad))
    if (!loaded) throw notFound('Session')
    const ids = { turnId: uuidv7(), traceId, userId: toLoad.userId }
    const { enforced } = await deps.runtimeSettings.current()
    const snapshot = takeSnapshot(
      loaded,
      await deps.catalogue.current(),
      await turnWish(deps.database, loaded, wish),
      { ...deps.settings, enforced },
      ids,
    )
    if (basicStream) requireNoTools(snapshot)
    const first = await planFirstCall(snapshot, deps.settings, deps.tokens)
    if (loaded.runningTurnId !== null || loaded.earlier) throw turnInProgress()
    const admitted = await admit(deps, snapshot, first, loaded, requestKey)
    if (admitted !== 'stale') return startTurn(deps, snapshot, admitted)
  }
  throw turnInProgress()
}

async function turnWish(database: Database, loaded: LoadedTurn, wish: WantedTurn): Promise<TurnWish> {
  const chosen = { modelAliasOverride: wish.model_alias_override, maxCredits: wish.max_credits }
  if (!('regenerate' in wish)) return { ...chosen, message: wish.message, supersedes: null }
  const { lastTurn } = loaded
  if (loaded.runningTurnId !== null) throw turnInProgress()
  if (lastTurn?.id !== wish.regenerate) {
    const known = isUuid(wish.regenerate) && (await findTurn(database, loaded.sessionId, wish.regenerate))
    throw known ? new Refusal('conflict', 'Only the last turn of a session can be run again.') : notFound('Turn')
  }
  return { ...chosen, message: lastTurn.message, supersedes: lastTurn }
}
