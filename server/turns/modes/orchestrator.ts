import type { RoutingRead } from '../../../contract/turns.ts'
import type { Routing } from '../../domain/manager-answer.ts'
import type { SnapshotAgent } from '../../domain/turn.ts'
import { agentContext } from '../context.ts'
import { evaluate, route, synthesis } from '../manager.ts'
import { announceStep, type FinishedStep, heardAnswer, recordContext, refuseStep, runStep } from '../step.ts'
import { isStopped, type Turn } from '../turn.ts'
import type { ModeResult } from './mode.ts'

/** Rounds of specialists that the manager picks, then its synthesis (turns.md, Orchestrator). */
export async function runOrchestrator(turn: Turn): Promise<ModeResult> {
  const result: ModeResult = { steps: [], routing: [], cutShort: false }
  const rounds = await runRounds(turn, result)
  const answered = result.steps.filter(step => step.end.kind !== 'error' && step.text !== '')
  if (answered.length === 0 || turn.ports.stopped.aborted) return { ...result, cutShort: true }
  const { speaker, context } = synthesis(turn, answered, rounds)
  const step = await runStep(turn, announceStep(turn, speaker, null), context)
  return { ...result, steps: [...result.steps, step], cutShort: result.cutShort || step.end.kind === 'cancelled' }
}

/** Fills `result`; returns how many rounds ran. */
async function runRounds(turn: Turn, result: ModeResult): Promise<number> {
  const { orchestratorMaxDepth: maxRounds, orchestratorMaxSpecialists: maxSpecialists } = turn.settings
  for (let round = 1; ; round++) {
    const picked = await route(turn, result.steps, round, maxSpecialists - result.steps.length)
    if (picked === null) return cutShort(result, round - 1)
    const entry = tellRouting(turn, picked, round)
    result.routing.push(entry)
    const ran = await runRound(turn, picked, result.steps, round)
    result.steps.push(...ran)
    if (ran.every(step => step.end.kind === 'error')) return round
    if (isStopped(turn)) return cutShort(result, round)
    if (round === maxRounds || result.steps.length >= maxSpecialists) return round
    const decision = await evaluate(turn, result.steps, round)
    if (decision === null) return cutShort(result, round)
    entry.decision = decision
    turn.ports.emit({ type: 'manager_think', phase: 'evaluation', round, decision })
    if (decision === 'synthesize') return round
  }
}

function cutShort(result: ModeResult, rounds: number): number {
  result.cutShort = true
  return rounds
}

function tellRouting(turn: Turn, picked: Routing<SnapshotAgent>, round: number): RoutingRead {
  const assignments = picked.assignments.map(({ agent, instruction }) => ({ agent_key: agent.key, instruction }))
  const keys = assignments.map(assignment => assignment.agent_key)
  turn.ports.emit({
    type: 'manager_think',
    phase: 'routing',
    round,
    target_agents: keys,
    instructions: Object.fromEntries(assignments.map(({ agent_key, instruction }) => [agent_key, instruction])),
  })
  const leftOut = turn.snapshot.roster.map(agent => agent.key).filter(key => !keys.includes(key))
  return { round, assignments, left_out: leftOut, picked_by: picked.how, decision: null }
}

/** The round's specialists at the same time, announced in the order of their assignment. Each hears the earlier rounds, not this one. */
async function runRound(turn: Turn, picked: Routing<SnapshotAgent>, heard: FinishedStep[], round: number): Promise<FinishedStep[]> {
  turn.ports.emit({ type: 'round_start', round })
  const earlier = heard.map(heardAnswer)
  const announced = picked.assignments.map(({ agent, instruction }) => ({ agent, instruction, step: announceStep(turn, agent, round) }))
  const ran = await Promise.all(
    announced.map(async ({ agent, instruction, step }) => {
      const context = await agentContext(turn.snapshot, turn.settings, turn.ports.tokens, agent, { earlier, instruction })
      recordContext(turn, context)
      return context.overflow ? refuseStep(turn, step, 'context_budget_exceeded') : runStep(turn, step, context)
    }),
  )
  turn.ports.emit({ type: 'round_end', round })
  return ran
}
