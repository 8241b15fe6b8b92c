import { beforeAll, describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import { freePort } from '../free-port.ts'
import type { ModelScript } from '../model-endpoint.ts'
import { type Client, useProgram } from '../program.ts'

// Whatever a provider does, through whole turns of one agent and of three. What an attempt makes of it is shown in test/llm.

const LONG = process.env.PANTHEON_LONG === '1'
/** The length of a second: the short form takes a twentieth of the time. */
const SECOND = LONG ? 1_000 : 50
const CONNECT_MS = 4 * SECOND + 100
const FIRST_TOKEN_MS = 12 * SECOND
const IDLE_MS = 6 * SECOND

/** What a test machine may take besides. */
const SLACK_MS = 10_000

interface Fault {
  /** What the provider does at the first try, at the second and so on; the last holds for all further ones. `refused`: nobody listens. */
  does: ModelScript[] | 'refused'
  /** How the calls are recorded. */
  calls: string[]
  requests: number
  says: string
  /** Null where the agent has answered after all. */
  code: 'provider_error' | 'provider_timeout' | null
  /** How long the second try must wait. */
  waitsMs?: number
  endsWithinMs: number
}

const ANSWER: ModelScript = { chunks: ['half ', 'and half'], usage: { fresh: 0, output: 1000 } }
const WHOLE = 'half and half'
const oneByte = (text: string) => Array.from(text)
const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

const faults: Record<string, Fault> = {
  'answers 429 once, without Retry-After': retried({ status: 429 }, 'rate_limited'),
  'answers 429 once, with Retry-After': retried({ status: 429, headers: { 'retry-after': '1' } }, 'rate_limited', 1_000),
  ...(LONG && {
    'answers 429 once, with a Retry-After of an hour': retried({ status: 429, headers: { 'retry-after': '3600' } }, 'rate_limited', 10_000),
  }),
  'answers 429 always': refusing(429, 'rate_limited'),
  'answers 500 once': retried({ status: 500 }, 'error'),
  'answers 500 always': refusing(500, 'error'),
  'answers 529 once': retried({ status: 529 }, 'error'),
  'answers 529 always': refusing(529, 'error'),
  'refuses the connection': {
    does: 'refused',
    calls: ['error'],
    requests: 0,
    says: '',
    code: 'provider_error',
    endsWithinMs: 2 * CONNECT_MS,
  },
  'hangs before the first byte': late({ delayBeforeHeadersMs: Number.POSITIVE_INFINITY }, '', FIRST_TOKEN_MS),
  'hangs before its first token': late({ firstTokenMs: Number.POSITIVE_INFINITY }, '', FIRST_TOKEN_MS),
  'hangs in the middle': late({ hangAfter: 1 }, 'half ', FIRST_TOKEN_MS + IDLE_MS),
  'cuts in the middle': broken({ cutAfter: 1 }),
  'sends JSON that is none': broken({ garbageAfter: 1 }),
  'tells no usage': { does: [{ ...ANSWER, usage: null }], calls: ['success'], requests: 1, says: WHOLE, code: null, endsWithinMs: 0 },
  'sends one byte a second': late({ rawChunks: oneByte(chunk('half ')), betweenMs: SECOND }, '', FIRST_TOKEN_MS),
  'sends one byte a second after its first token': late(
    { rawChunks: [chunk('half '), ...oneByte(chunk('and half'))], betweenMs: SECOND },
    'half ',
    FIRST_TOKEN_MS + IDLE_MS,
  ),
  'reports an error after its 200': broken({ errorEventAfter: 1 }),
  'reports after its 200, before the first token, that it is busy': retried(
    { errorEventAfter: 0, errorEvent: { code: 429, message: 'busy' } },
    'rate_limited',
  ),
}

function retried(first: ModelScript, status: string, waitsMs = 0): Fault {
  return { does: [first, ANSWER], calls: [status, 'success'], requests: 2, says: WHOLE, code: null, waitsMs, endsWithinMs: waitsMs + 1_000 }
}

function refusing(status: number, recorded: string): Fault {
  return { does: [{ status }], calls: [recorded, recorded], requests: 2, says: '', code: 'provider_error', endsWithinMs: 1_000 }
}

/** Our patience ends, and nobody is asked again. */
function late(script: ModelScript, says: string, endsWithinMs: number): Fault {
  return { does: [{ ...ANSWER, ...script }], calls: ['timeout'], requests: 1, says, code: 'provider_timeout', endsWithinMs }
}

function broken(script: ModelScript): Fault {
  return { does: [{ ...ANSWER, ...script }], calls: ['error'], requests: 1, says: 'half ', code: 'provider_error', endsWithinMs: 1_000 }
}

const closedPort = await freePort()
const { user, endpoint, database } = await useProgram({
  MODEL_CONNECT_TIMEOUT_MS: String(CONNECT_MS),
  MODEL_FIRST_TOKEN_TIMEOUT_MS: String(FIRST_TOKEN_MS),
  MODEL_IDLE_TIMEOUT_MS: String(IDLE_MS),
  OPENAI_BASE_URL: `http://127.0.0.1:${closedPort}/v1`,
})

/** By agent: what is still to be done to it. Whoever is not in it is answered. */
const scripts = new Map<string, ModelScript[]>()
beforeAll(async () => {
  endpoint.reply(({ agentKey }) => {
    const left = scripts.get(agentKey ?? '') ?? [ANSWER]
    return left.length > 1 ? left.shift()! : left[0]!
  })
  await database.pool.query(`update models set provider = 'openai' where alias = 'qwen'`)
})

/** An agent to whom the fault happens. */
function struck({ does }: Fault, key: string) {
  if (does !== 'refused') scripts.set(key, [...does])
  return { key, name: 'Struck', model: does === 'refused' ? 'qwen' : 'deepseek' }
}

const requestsOf = (key: string) => endpoint.requests.filter(request => request.agentKey === key)
function expectRequests(key: string, { requests, waitsMs = 0 }: Fault): void {
  const made = requestsOf(key)
  expect(made).toHaveLength(requests)
  if (waitsMs > 0) expect(made[1]!.at - made[0]!.at).toBeGreaterThanOrEqual(waitsMs)
}

const statusesOf = (calls: { status: string }[]) => calls.map(call => call.status)
/** 1,000 tokens of output at the price of `deepseek`. */
const PRICE = '0.1'

describe.each(Object.entries(faults))('a provider that %s', (name, fault) => {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

  test.concurrent('before one agent', { timeout: fault.endsWithinMs + 60_000 }, async () => {
    const ada = await user(`one-${slug}`)
    const key = `one-${slug}`.slice(0, 64)
    const { turns } = await newDirectChat(ada, struck(fault, key))
    const askedAt = performance.now()
    const answer = await ada.post(turns, { message: 'Go.' })
    expect(performance.now() - askedAt).toBeLessThan(fault.endsWithinMs + SLACK_MS)

    expect(answer.status).toBe(fault.code === null ? 201 : fault.code === 'provider_error' ? 502 : 504)
    if (fault.code) expect(answer.body.code).toBe(fault.code)
    const turn = (await ada.get(`${turns}/${answer.body.turn_id ?? answer.body.id}`)).body
    const errorLine = fault.says === '' ? '' : `${fault.says}\n`
    expect(turn).toMatchObject({
      status: fault.code === null ? 'completed' : 'failed',
      assistant_output: fault.code === null ? WHOLE : `${errorLine}[[agent_error]] agent=Struck code=${fault.code}`,
    })
    expect(statusesOf(turn.calls)).toEqual(fault.calls)
    expectRequests(key, fault)
    await expectPaid(ada, turn, fault.code === null ? 1 : 0)
  })

  test.concurrent('before one of three agents', { timeout: fault.endsWithinMs + 60_000 }, async () => {
    const ada = await user(`three-${slug}`)
    const key = `three-${slug}`.slice(0, 64)
    const members = [{ key: 'first', name: 'First' }, struck(fault, key), { key: 'last', name: 'Last' }]
    const { turns } = await newCouncil(ada, 'roundtable', members)
    const askedAt = performance.now()
    const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
    const events = await stream.all()
    expect(performance.now() - askedAt).toBeLessThan(fault.endsWithinMs + SLACK_MS)

    const turn = (await ada.get(`${turns}/${stream.headers.get('x-turn-id')}`)).body
    const status = fault.code === null ? 'completed' : 'partial'
    const errorLine = `${fault.says}\n[[agent_error]] agent=Struck code=${fault.code}`
    const said = fault.code === null ? WHOLE : errorLine
    expect(turn).toMatchObject({ status, assistant_output: `First: ${WHOLE}\n\nStruck: ${said}\n\nLast: ${WHOLE}` })
    expect(joinedText(events)).toBe(turn.assistant_output)
    expect(events.at(-1)!.data).toMatchObject({ type: 'done', status })
    expect(statusesOf(turn.calls)).toEqual(['success', ...fault.calls, 'success'])
    expectRequests(key, fault)
    await expectPaid(ada, turn, fault.code === null ? 3 : 2)
  })
})

/** Only what was answered is paid, once each, and the wallet knows. */
async function expectPaid(client: Client, turn: { credits_burned: string; calls: PaidCall[] }, answers: number): Promise<void> {
  for (const call of turn.calls) if (call.status !== 'success') expect(call.credits_burned).toBe('0')
  const { transactions } = (await client.get('/users/me/transactions')).body as { transactions: { kind: string; amount: string }[] }
  const debits = transactions.filter(({ kind }) => kind === 'debit')
  expect(debits).toHaveLength(answers)
  const spent = -debits.reduce((sum, { amount }) => sum + Number(amount), 0)
  expect(spent).toBeCloseTo(Number(turn.credits_burned), 3)
  for (const call of turn.calls.filter(({ output_tokens }) => output_tokens === 1000))
    expect(call.credits_burned).toBe(call.status === 'success' ? PRICE : '0')
  expect(Number((await client.get('/users/me/wallet')).body.balance)).toBeCloseTo(100 - spent, 6)
}

interface PaidCall {
  status: string
  credits_burned: string
  output_tokens: number
}
