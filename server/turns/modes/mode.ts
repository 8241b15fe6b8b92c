import type { RoutingRead } from '../../../contract/turns.ts'
import type { FirstCall } from '../first-call.ts'
import type { FinishedStep } from '../step.ts'
import type { Turn } from '../turn.ts'
import { runOrchestrator } from './orchestrator.ts'
import { runSpeakers } from './speakers.ts'

export interface ModeResult {
  /** In the order they were announced; the manager's synthesis is the last. */
  steps: FinishedStep[]
  routing: RoutingRead[]
  /** Work that was planned was not done, because the turn was stopped or met a cap. */
  cutShort: boolean
}

/** `standalone`, `manual` and `roundtable` know their speakers beforehand; in `orchestrator` mode the manager picks them. */
export const runMode = (turn: Turn, first: FirstCall): Promise<ModeResult> =>
  turn.snapshot.mode === 'orchestrator' ? runOrchestrator(turn) : runSpeakers(turn, first)
