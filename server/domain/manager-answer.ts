import { z } from 'zod'
import { jsonInProse } from './json-in-prose.ts'

// What the manager answers, read as far as it can be made out (turns.md, Orchestrator).

export interface Routing<Agent> {
  assignments: { agent: Agent; instruction: string }[]
  /** `fallback`: nothing valid was to be read, so the first agent answers. */
  how: 'manager' | 'all' | 'fallback'
}

const instruction = z.string().trim().catch('')
const Assignment = z.union([
  z.string().transform(agent_key => ({ agent_key, instruction: '' })),
  z.object({ agent_key: z.string(), instruction }),
  z.object({ selected_agent_key: z.string(), instruction }).transform(one => ({ ...one, agent_key: one.selected_agent_key })),
])
type Assignment = z.infer<typeof Assignment>

/** Items that are no assignment are dropped, the others stay. */
const Assignments = z.array(Assignment.nullable().catch(null)).transform(items => items.filter(item => item !== null))

const RoutingAnswer = z.union([
  z.object({ assignments: Assignments }).transform(answer => answer.assignments),
  z.object({ selected_agent_keys: Assignments }).transform(answer => answer.selected_agent_keys),
  Assignments,
  Assignment.transform(one => [one]),
])

/**
 * Whom the manager picked: the first JSON of its answer that names an agent of the roster. Keys match without case, unknown ones and duplicates are
 * dropped, at most `maximum` (at least 1) are kept. Nothing valid, or no answer at all: the roster's first agent, without an instruction.
 */
export function readRouting<Agent extends { key: string }>(answer: string, roster: Agent[], maximum: number): Routing<Agent> {
  const byKey = new Map(roster.map(agent => [agent.key.toLowerCase(), agent]))
  for (const value of jsonInProse(answer)) {
    const picked = knownAssignments(RoutingAnswer.safeParse(value).data ?? [], byKey)
    if (picked.length > 0) return { assignments: picked.slice(0, maximum), how: 'manager' }
  }
  return { assignments: roster.slice(0, 1).map(agent => ({ agent, instruction: '' })), how: 'fallback' }
}

/** The routing of a message that asks for all agents (all-agents.ts): everybody, as far as `cap` invocations reach. */
export const routeToAll = <Agent>(roster: Agent[], cap: number): Routing<Agent> => ({
  assignments: roster.slice(0, cap).map(agent => ({ agent, instruction: '' })),
  how: 'all',
})

const EvaluationAnswer = z.object({ continue: z.boolean() })

/** Whether the manager wants another round. Anything unreadable means stop. */
export function readEvaluation(answer: string): 'continue' | 'synthesize' {
  for (const value of jsonInProse(answer)) {
    const evaluation = EvaluationAnswer.safeParse(value)
    if (evaluation.success) return evaluation.data.continue ? 'continue' : 'synthesize'
  }
  return 'synthesize'
}

function knownAssignments<Agent>(assignments: Assignment[], byKey: Map<string, Agent>): Routing<Agent>['assignments'] {
  const picked = new Map<Agent, string>()
  for (const { agent_key, instruction } of assignments) {
    const agent = byKey.get(agent_key.trim().toLowerCase())
    if (agent && !picked.has(agent)) picked.set(agent, instruction)
  }
  return [...picked].map(([agent, instruction]) => ({ agent, instruction }))
}
