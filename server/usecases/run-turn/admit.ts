import { v7 as uuidv7 } from 'uuid'
import { affordableOutputTokens, decimal, decimalText } from '../../domain/money.ts'
import { invalid, Refusal, turnInProgress } from '../../domain/refusal.ts'
import type { RequestKey } from '../../domain/request-key.ts'
import type { LoadedSession } from '../../domain/snapshot.ts'
import { TURN_LEASE_SECONDS, type TurnSnapshot } from '../../domain/turn.ts'
import { type AdmissionResult, admitTurn } from '../../store/admit-turn.ts'
import { answerIsLost } from '../../store/database.ts'
import type { FirstCall } from '../../turns/first-call.ts'
import { createSpending, worstCaseOf } from '../../turns/spending.ts'
import type { AdmittedCall } from '../../turns/turn.ts'
import type { TurnDependencies } from './drive.ts'

/** A first call with what was held for it. */
export interface AdmittedFirstCall extends FirstCall {
  admitted: AdmittedCall
}

type Insufficient = Extract<AdmissionResult, { kind: 'insufficient' }>

/**
 * Holds the first call's worst case and makes the turn run, by one statement; lowers the output limit to what can be paid for.
 * `stale`: the session moved on since it was read.
 */
export async function admit(
  deps: TurnDependencies,
  snapshot: TurnSnapshot,
  first: FirstCall,
  loaded: LoadedSession,
  requestKey: RequestKey | null,
): Promise<AdmittedFirstCall | 'stale'> {
  const minimum = Math.min(deps.settings.minOutputTokens, first.maxTokens)
  let maxTokens = createSpending(snapshot.maxCredits).affordableOutput(first.maxTokens, first.inputTokens, first.multiplier)
  if (maxTokens < minimum) throw invalid('max_credits', 'does not cover a single call')
  for (;;) {
    const { purpose, agentId } = first.call
    const admitted = {
      requestId: uuidv7(),
      purpose,
      agentId,
      maxTokens,
      worstCase: worstCaseOf(first.inputTokens, maxTokens, first.multiplier),
    }
    const result = await admitTurn(deps.database, { ...admission(deps, snapshot, first, admitted, loaded), requestKey }).catch(error => {
      if (answerIsLost(error)) deps.unheard.withdraw(snapshot.turnId)
      throw error
    })
    switch (result.kind) {
      case 'admitted':
        return { ...first, admitted }
      case 'stale':
        return 'stale'
      case 'turn_in_progress':
        throw turnInProgress()
      case 'too_many_running':
        throw new Refusal(
          'too_many_running_turns',
          `You have ${deps.settings.turnsRunningPerUser} turns running already. Wait for one to end.`,
          {
            retry_after_seconds: 1,
          },
        )
      case 'insufficient':
        // What can be spent may have grown meanwhile; asking for less each time ends the loop all the same.
        maxTokens = affordableLimit(result, first, { wanted: maxTokens - 1, minimum, enforced: snapshot.enforced })
    }
  }
}

/** The output limit that balance and monthly cap still pay for, at most `wanted`; refuses below `minimum`. */
function affordableLimit(
  { balance, held, monthLeft }: Insufficient,
  first: FirstCall,
  { wanted, minimum, enforced }: { wanted: number; minimum: number; enforced: boolean },
): number {
  const outputFor = (credits: string) =>
    affordableOutputTokens(decimalText(decimal(credits).minus(held)), first.inputTokens, first.multiplier)
  const byBalance = enforced ? outputFor(balance) : Number.POSITIVE_INFINITY
  const byCap = monthLeft === null ? Number.POSITIVE_INFINITY : outputFor(monthLeft)
  const limit = Math.min(wanted, byBalance, byCap)
  if (limit >= minimum) return limit
  throw byBalance <= byCap ? insufficientCredits() : monthlyCapReached()
}

const monthlyCapReached = () => new Refusal('monthly_cap_reached', 'You have used up the credits that you may spend this month.')
const insufficientCredits = () => new Refusal('insufficient_credits', 'Insufficient credits. Please top up your account.')

const admission = (
  deps: TurnDependencies,
  snapshot: TurnSnapshot,
  first: FirstCall,
  { requestId, worstCase }: AdmittedCall,
  loaded: LoadedSession,
) => ({
  turnId: snapshot.turnId,
  sessionId: snapshot.sessionId,
  userId: snapshot.userId,
  roomId: snapshot.room?.id ?? null,
  mode: snapshot.mode,
  expectedTurnCount: loaded.turnCount,
  // What the sweep needs to close the turn of a process that died.
  request: {
    message: snapshot.message,
    roomId: snapshot.room?.id ?? null,
    speakers: snapshot.speakers.map(({ key, name }) => ({ key, name })),
    roster: snapshot.roster.map(({ key, name }) => ({ key, name })),
    supersedesTurnId: snapshot.supersedesTurnId,
  },
  hold: snapshot.enforced || snapshot.capped ? worstCase : '0',
  enforced: snapshot.enforced,
  runningTurnsMaximum: deps.settings.turnsRunningPerUser,
  ownerProcess: deps.ownerProcess,
  leaseSeconds: TURN_LEASE_SECONDS,
  journal: { [requestId]: { state: 'begun', call: { ...first.call, requestId, worstCase } } },
  applyPendingMode: loaded.room?.modeIsPending ?? false,
})
