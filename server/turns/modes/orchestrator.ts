import type { Turn } from '../turn.ts'
import type { ModeResult } from './mode.ts'

export async function runOrchestrator(_turn: Turn): Promise<ModeResult> {
  return { steps: [], routing: [], cutShort: true }
}
