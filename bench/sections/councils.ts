import { QUESTION } from '../bare-proxy.ts'
import { AGENTS, newRoomSession, signUpUsers, turnRequest } from '../council.ts'
import type { Endpoint } from '../endpoint.ts'
import { readTimedEvents, type TimedEvent } from '../load.ts'
import type { SectionResult } from '../results.ts'
import type { AnsweredCall, Script } from '../script.ts'
import type { NamedProduct, Stage } from '../stage.ts'
import { finding, percentile } from '../statistics.ts'

const agentPace = (tokens: number) => ({ firstMs: 50, betweenMs: 10, tokens, perWrite: 1 })
const said = (text: string) => ({ firstMs: 60, betweenMs: 0, tokens: 1, perWrite: 1, text })
const assignments = AGENTS.map(agent_key => ({ agent_key, instruction: 'Say what you think.' }))

/** The manager decides in 60 ms, the specialists talk for 0.6, 0.8 and 1 s, the synthesis for 0.25 s. */
const SCRIPT: Script = {
  default: agentPace(20),
  manager_routing: said(JSON.stringify({ assignments })),
  manager_evaluation: said(JSON.stringify({ continue: false })),
  [AGENTS[0]!]: agentPace(60),
  [AGENTS[1]!]: agentPace(80),
  [AGENTS[2]!]: agentPace(100),
}

const FAST = Object.fromEntries(Object.entries(SCRIPT).map(([who, pace]) => [who, { ...pace, firstMs: 0, betweenMs: 0 }])) as Script
const WARM_UP_TURNS = 40

interface ToldEvent {
  type: string
  status?: string
}

/** (e) How much longer a council takes than its models do. */
export async function councils(stage: Stage): Promise<SectionResult> {
  const turns = stage.quick ? 3 : 6
  const found = []
  for (const product of await stage.products()) found.push(await measureCouncils(await stage.endpoint(), product, turns))
  return {
    title: 'Councils: time against the ideal',
    work: `A manager that picks three specialists, who talk for 0.6, 0.8 and 1 s, then judges and sums up; and the same three one after another in a roundtable; ${turns} turns of each, one at a time. The ideal is the time the model endpoint itself took. Routing ends with the last byte of the manager's answer.`,
    columns: [
      '',
      'round, of its slowest',
      'question to first specialist, added, ms',
      'routing to first specialist, added, ms',
      'whole orchestrated turn, added, ms',
      'roundtable, of the ideal',
    ],
    rows: found.map(({ name, round, question, routing, whole, roundtable }) => [
      name,
      finding(round).value,
      percentile(question, 0.5),
      percentile(routing, 0.5),
      percentile(whole, 0.5),
      finding(roundtable).value,
    ]),
    goals: found.flatMap(({ name, round, routing }) => [
      { what: `${name}: a round of three, of its slowest`, finding: finding(round), unit: '×', limit: 1.05, limitIs: 'most' as const },
      {
        what: `${name}: routing to first specialist token, added`,
        finding: finding(routing),
        unit: 'ms',
        limit: 5,
        limitIs: 'most' as const,
      },
    ]),
  }
}

async function measureCouncils(endpoint: Endpoint, { name, product }: NamedProduct, turns: number) {
  const [user] = await signUpUsers(product.url, 1)
  const [orchestrated, roundtabled] = [await newRoomSession(user!, 'orchestrator'), await newRoomSession(user!, 'roundtable')]
  const run = async (session: string, script = SCRIPT) => {
    await endpoint.play(script)
    const request = turnRequest(product.url, user!, session, { message: QUESTION, events: 'detailed' })
    const read = await readTimedEvents<ToldEvent>(request)
    if (read.events.at(-1)?.event.status !== 'completed')
      throw new Error(`${name}: a council did not complete: ${JSON.stringify(read.events.at(-1))}`)
    return { ...read, calls: await endpoint.calls() }
  }
  // Whatever is compiled at its first uses is compiled before.
  for (let turn = 0; turn < WARM_UP_TURNS; turn += 1)
    await run(await newRoomSession(user!, turn % 2 === 0 ? 'orchestrator' : 'roundtable'), FAST)
  const result = {
    name,
    round: [] as number[],
    question: [] as number[],
    routing: [] as number[],
    whole: [] as number[],
    roundtable: [] as number[],
  }
  for (let turn = 0; turn < turns; turn += 1) {
    const council = await run(orchestrated)
    const specialists = callsOf(council.calls, 'agent')
    const [routing, evaluation, synthesis] = ['manager_routing', 'manager_evaluation', 'manager_synthesis'].map(
      purpose => callsOf(council.calls, purpose)[0]!,
    )
    const slowest = Math.max(...specialists.map(durationOf))
    const round = momentOf(council.events, 'round_end') - momentOf(council.events, 'round_start')
    result.round.push(round / slowest)
    const firstOwn = Math.min(...specialists.map(({ firstTokenAt, receivedAt }) => firstTokenAt - receivedAt))
    const firstChunk = momentOf(council.events, 'chunk')
    result.question.push(firstChunk - council.sentAt - durationOf(routing!) - firstOwn)
    result.routing.push(firstChunk - routing!.endedAt - firstOwn)
    result.whole.push(council.endedAt - council.sentAt - durationOf(routing!) - slowest - durationOf(evaluation!) - durationOf(synthesis!))
    const table = await run(roundtabled)
    result.roundtable.push((table.endedAt - table.sentAt) / table.calls.reduce((total, call) => total + durationOf(call), 0))
  }
  return result
}

const callsOf = (calls: AnsweredCall[], purpose: string) => calls.filter(call => call.purpose === purpose)
const durationOf = ({ receivedAt, endedAt }: AnsweredCall) => endedAt - receivedAt

function momentOf(events: TimedEvent<ToldEvent>[], type: string): number {
  const told = events.find(({ event }) => event.type === type)
  if (!told) throw new Error(`A council was not told of ${type}.`)
  return told.at
}
