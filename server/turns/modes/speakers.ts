import { agentContext } from '../context.ts'
import type { FirstCall } from '../first-call.ts'
import { announceStep, type FinishedStep, heardAnswer, recordContext, refuseStep, runStep } from '../step.ts'
import { isStopped, type Turn } from '../turn.ts'
import type { ModeResult } from './mode.ts'

/** One after another, in order. At a roundtable each hears what the earlier ones said, and who of them failed; otherwise each is unaware of the others. */
export async function runSpeakers(turn: Turn, first: FirstCall): Promise<ModeResult> {
  const { snapshot, settings } = turn
  const steps: FinishedStep[] = []
  for (const speaker of snapshot.speakers) {
    if (isStopped(turn)) return { steps, routing: [], cutShort: true }
    const earlier = snapshot.mode === 'roundtable' ? steps.map(heardAnswer) : []
    const context =
      steps.length === 0 ? first.context : await agentContext(snapshot, settings, turn.ports.tokens, speaker, { earlier, instruction: '' })
    recordContext(turn, context)
    const step = announceStep(turn, speaker, null)
    steps.push(context.overflow ? refuseStep(turn, step, 'context_budget_exceeded') : await runStep(turn, step, context))
  }
  return { steps, routing: [], cutShort: steps.some(step => step.end.kind === 'cancelled') }
}
