import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { OpenDatabase } from '../../server/store/database.ts'
import { startChildProgram } from '../child-program.ts'
import { freePort } from '../free-port.ts'
import { randomFrom } from '../random.ts'
import { contradictionsIn } from './books.ts'
import { answerForCouncils, type Conversation, openCouncils } from './council-load.ts'
import { type Answered, converse } from './page-client.ts'
import { setUp, WITHOUT_LIMITS } from './surroundings.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const KILLS = LONG ? 60 : 2
const TURNS = LONG ? 300 : 9
const SESSIONS = LONG ? 60 : 9
/** Longest time from a start to the next kill. */
const LIVES_MS = LONG ? 6_000 : 3_000
/** A process that is killed this soon after the last byte of an answer may not have said so to anybody yet. */
const UNSEEN_MS = 1_000
const CLOSED_WITHIN_MS = 30_000

interface Life {
  startedAt: number
  killedAt: number
}

test(`${TURNS} turns of three agents, the server killed ${KILLS} times: every turn ends, every call is billed once, no answer is lost`, {
  timeout: KILLS * 30_000 + 180_000,
}, async () => {
  const { place, database, endpoint } = await setUp()
  const random = randomFrom(7)
  const given = answerForCouncils(endpoint, random, { words: 20, betweenMs: 25 })
  const PORT = String(await freePort())
  const start = () =>
    startChildProgram({ DATABASE_URL: place.url, OPENROUTER_BASE_URL: endpoint.url, PORT, ...WITHOUT_LIMITS }, onTestFinished)
  let server = await start()
  const conversations = await openCouncils(server.address, SESSIONS)

  const answers: Answered[] = []
  const lives: Life[] = []
  /** As many turns between any two kills. */
  const talk = async (conversation: Conversation) => {
    for (let turn = 0; turn < TURNS / SESSIONS; turn += 1) {
      const due = (turn + random()) * (KILLS / (TURNS / SESSIONS))
      while (lives.length + 1 < due) await sleep(100)
      await sleep(random() * LIVES_MS)
      answers.push(await converse(conversation.client, conversation.turns, conversation.message, 3 * CLOSED_WITHIN_MS, over.signal))
    }
  }
  const over = new AbortController()
  onTestFinished(() => over.abort())
  const talking = Promise.all(conversations.map(talk))
  // Nobody waits for the last kill to hear of it.
  const failure = talking.then(() => new Promise<never>(() => undefined))
  failure.catch(() => undefined)
  const takings = watchTakings(database)
  let startedAt = Date.now()
  for (let kill = 0; kill < KILLS; kill += 1) {
    await Promise.race([sleep(random() * LIVES_MS), failure])
    lives.push({ startedAt, killedAt: Date.now() })
    await server.end('SIGKILL')
    // So that the short form need not wait until the leases lapse by themselves.
    if (!LONG) await database.pool.query('update turn_runs set lease_until = now()')
    server = await start()
    startedAt = Date.now()
    if (LONG) console.log({ kills: lives.length, answers: answers.length, seconds: Math.round(performance.now() / 1000) })
  }
  await talking
  await expect.poll(() => database.pool.query('select from turn_runs').then(({ rowCount }) => rowCount), { timeout: 60_000 }).toBe(0)

  expect(await contradictionsIn(database)).toEqual({})
  const turns = await storedTurns(database)
  expect(turns).toHaveLength(TURNS)
  // What people have read is what is stored.
  const told = new Map(answers.map(answer => [answer.turnId, answer]))
  for (const { id, status, output } of turns) expect(told.get(id)).toMatchObject({ status, text: output })
  const closings = turns.map(turn => closingOf(turn, lives, startedAt, takings)).filter(closing => closing !== null)

  const calls = await storedCalls(database)
  const byAnswer = new Map(calls.map(call => [call.answerId, call]))
  const byTurn = new Map(turns.map(turn => [turn.id, turn]))
  let unseen = 0
  for (const { id, turnId, words, request } of given) {
    const turn = byTurn.get(turnId)!
    const seen = request.servedAt !== null && request.servedAt + UNSEEN_MS < endOfLife(turn, lives)
    if (seen) expect(byAnswer.get(id), `${id} of ${turnId}`).toMatchObject({ turnId, status: 'success', charged: words !== '' })
    if (seen) expect(turn.output).toContain(words)
    else unseen += 1
  }
  for (const [turnId, asked] of Map.groupBy(given, ({ turnId }) => turnId))
    expect(calls.filter(call => call.turnId === turnId).length, `calls of ${turnId}`).toBeGreaterThanOrEqual(asked.length)
  // The kills did hit.
  expect(closings.length).toBeGreaterThan(0)
  expect(calls.some(({ status }) => status === 'unknown')).toBe(true)
  if (LONG)
    console.log({
      turns: countBy(turns, ({ status }) => status),
      calls: countBy(calls, ({ status }) => status),
      killsThatHit: new Set(turns.map(turn => lifeLost(turn, lives)).filter(Boolean)).size,
      closedByTheNext: closings.length,
      slowestCloseMs: Math.max(...closings.map(({ afterStartMs }) => afterStartMs)),
      answersOnTheirWay: unseen,
      rejoins: answers.reduce((sum, { rejoins }) => sum + rejoins, 0),
    })
  for (const { afterStartMs } of closings) expect(afterStartMs).toBeLessThan(CLOSED_WITHIN_MS)
})

interface StoredTurn {
  id: string
  status: string
  output: string
  closedAt: number
}

async function storedTurns(database: OpenDatabase): Promise<StoredTurn[]> {
  const turns = await database.kysely.selectFrom('turns').select(['id', 'status', 'assistant_output', 'created_at']).execute()
  return turns.map(({ id, status, assistant_output, created_at }) => ({
    id,
    status,
    output: assistant_output,
    closedAt: Date.parse(String(created_at)),
  }))
}

const storedCalls = (database: OpenDatabase) =>
  database.kysely
    .selectFrom('llm_call_events')
    .select(['turn_id as turnId', 'provider_request_id as answerId', 'status', 'charged'])
    .execute()

/** When the process that ran the turn was killed; never, when it closed the turn itself. */
const endOfLife = (turn: StoredTurn, lives: Life[]): number => lifeLost(turn, lives)?.killedAt ?? Number.POSITIVE_INFINITY

/** The first 48 bits of a UUID of version 7 are the time it was made. */
const begunAt = (turnId: string): number => Number.parseInt(turnId.replaceAll('-', '').slice(0, 12), 16)

const lifeLost = ({ id, closedAt }: StoredTurn, lives: Life[]): Life | undefined =>
  lives.find(({ killedAt }) => begunAt(id) <= killedAt && killedAt < closedAt)

/** How long after the next start a turn was closed whose process had been killed, and whoever was about to close it likewise. */
function closingOf(turn: StoredTurn, lives: Life[], lastStart: number, takings: Map<string, number>): { afterStartMs: number } | null {
  const lost = lifeLost(turn, lives)
  if (!lost) return null
  const takenAt = takings.get(turn.id) ?? Number.POSITIVE_INFINITY
  const takerLost = lives.find(({ killedAt }) => takenAt <= killedAt && killedAt < turn.closedAt)
  const next = lives[lives.indexOf(takerLost ?? lost) + 1]?.startedAt ?? lastStart
  return { afterStartMs: turn.closedAt - next }
}

/** When each turn was last seen to be taken over. */
function watchTakings(database: OpenDatabase): Map<string, number> {
  const takings = new Map<string, number>()
  const fences = new Map<string, number>()
  const look = async () => {
    const taken = await database.kysely.selectFrom('turn_runs').select(['turn_id', 'fence']).where('fence', '>', 1).execute()
    for (const { turn_id, fence } of taken) {
      if (fences.get(turn_id) === fence) continue
      fences.set(turn_id, fence)
      takings.set(turn_id, Date.now())
    }
  }
  const timer = setInterval(() => void look().catch(() => undefined), 100)
  onTestFinished(() => clearInterval(timer))
  return takings
}

const countBy = <Item>(items: Item[], keyOf: (item: Item) => string): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(items, keyOf)].map(([key, group]) => [key, group.length]))
