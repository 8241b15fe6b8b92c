import type { TurnLimit, TurnMode, TurnStatus } from '../../../contract/turns.ts'
import type { TextStore } from './text-store.ts'

// What the timeline shows of a turn, whether it runs or was stored long ago.

export interface ToolView {
  key: string
  tool: string
  args: unknown
  /** `running` until it ended. */
  status: string
  latencyMs: number | null
  summary: string | null
}

export interface StepView {
  key: string
  agentKey: string
  agentName: string
  modelAlias: string | null
  tools: ToolView[]
  status: 'running' | 'success' | 'error' | 'cancelled'
  text: TextStore
  credits: string | null
  tokens: number | null
}

export type TurnPart =
  | {
      kind: 'routing'
      key: string
      round: number
      picks: { agentKey: string; agentName: string; instruction: string }[]
      leftOut: string[]
    }
  | { kind: 'steps'; key: string; round: number | null; steps: StepView[] }
  | { kind: 'judged'; key: string; round: number; decision: 'continue' | 'synthesize' }
  | { kind: 'synthesis'; key: string; step: StepView }
  | { kind: 'text'; key: string; text: string }

export interface TurnView {
  key: string
  turnId: string | null
  index: number | null
  mode: TurnMode | null
  /** `null` until it is known. */
  question: string | null
  /** `lost`: it can no longer be followed; `failure` says why. */
  status: TurnStatus | 'running' | 'lost'
  parts: TurnPart[]
  credits: string | null
  tokens: number | null
  limit: TurnLimit | null
  failure: string | null
  /** Another turn ran its message again and stands in its place. */
  isReplaced: boolean
  /** The stream is lost and is being looked for. */
  isReconnecting: boolean
}
