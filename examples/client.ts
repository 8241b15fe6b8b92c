/**
 * A client of Pantheon in one file: it signs in, or takes an API key, asks an agent, prints the answer as it is thought, and goes on where it
 * was when the connection breaks. Node 24, no dependencies:
 *
 *   PANTHEON_API_KEY=pantheon_… node examples/client.ts "Should we buy or build?"
 *   PANTHEON_EMAIL=ada@example.org PANTHEON_PASSWORD=… node examples/client.ts "Should we buy or build?"
 */
import { setTimeout as sleep } from 'node:timers/promises'

const address = process.env.PANTHEON_URL ?? 'http://localhost:8000'
const question = process.argv[2] ?? 'Should we buy or build?'

interface TurnEvent {
  type: string
  delta?: string
  code?: string
  message?: string
  status?: string
  balance_after?: string | null
}

/** An error as the API tells it (RFC 9457). Programs look at `code`, people read `detail`. */
class ApiError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, problem: { code?: string; detail?: string }) {
    super(`${status} ${problem.code ?? ''}: ${problem.detail ?? 'no details'}`)
    this.status = status
    this.code = problem.code ?? ''
  }
}

/** What goes into `Authorization: Bearer`: an API key as it is, or a token of the sign-in, which is good for ten minutes. */
async function bearer(): Promise<string> {
  if (process.env.PANTHEON_API_KEY) return process.env.PANTHEON_API_KEY
  const { PANTHEON_EMAIL: email, PANTHEON_PASSWORD: password } = process.env
  if (!email || !password) throw new Error('Set PANTHEON_API_KEY, or PANTHEON_EMAIL and PANTHEON_PASSWORD.')
  const headers = { 'content-type': 'application/json' }
  const signIn = await answered(
    await fetch(`${address}/api/auth/sign-in/email`, { method: 'POST', headers, body: JSON.stringify({ email, password }) }),
  )
  const session = (await signIn.json()) as { token: string }
  const answer = await answered(await fetch(`${address}/api/auth/token`, { headers: { authorization: `Bearer ${session.token}` } }))
  return ((await answer.json()) as { token: string }).token
}

async function answered(response: Response): Promise<Response> {
  if (response.ok) return response
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  throw new ApiError(response.status, problem)
}

const token = await bearer()

async function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return answered(
    await fetch(`${address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
    }),
  )
}

const call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> =>
  (await (await send(method, path, body)).json()) as Answer

/** The first agent that there is, or a new one. */
async function anAgent(): Promise<{ id: string; name: string }> {
  const { agents } = await call<{ agents: { id: string; name: string }[] }>('GET', '/agents?limit=1')
  return (
    agents[0] ??
    (await call('POST', '/agents', { agent_key: 'sage', name: 'Sage', model_alias: 'deepseek', role_prompt: 'Weigh both sides.' }))
  )
}

/** Server-sent events: lines `id:` and `data:`, an empty line after each event, comments in between. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string; event: TurnEvent }> {
  let text = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)) {
    text += chunk
    const frames = text.split('\n\n')
    text = frames.pop() ?? ''
    for (const frame of frames) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(frame)?.[1]
      const data = field('data')
      if (data !== undefined) yield { id: field('id') ?? '', event: JSON.parse(data) as TurnEvent }
    }
  }
}

const TRIES = 10
const FIRST_PAUSE_MS = 250

/**
 * All events of a turn, each once. The turn does not depend on this connection: it runs on at the server, and is rejoined behind the last
 * event that was read. The key makes a repeated start join the turn that the first one began, so that nothing is asked, or paid, twice.
 */
async function* runTurn(sessionId: string, message: string): AsyncGenerator<TurnEvent> {
  const key = crypto.randomUUID()
  let turnId: string | null = null
  let last = ''
  for (let failures = 0; failures < TRIES; ) {
    try {
      const response: Response =
        turnId === null
          ? await send('POST', `/sessions/${sessionId}/turns/stream`, { message }, { 'idempotency-key': key })
          : await send('GET', `/sessions/${sessionId}/turns/${turnId}/stream`, undefined, last === '' ? {} : { 'last-event-id': last })
      turnId = response.headers.get('x-turn-id') ?? turnId
      for await (const { id, event } of eventsOf(response.body!)) {
        last = id
        failures = 0
        yield event
        if (event.type === 'done') return
      }
    } catch (error) {
      // What the server refuses (402 no credits, 409 busy, 422 …) is no broken connection.
      if (error instanceof ApiError && error.status < 500) throw error
    }
    failures += 1
    console.error('\n[the connection broke; rejoining the turn]')
    await sleep(Math.min(FIRST_PAUSE_MS * 2 ** failures, 5_000))
  }
  throw new Error('The server stayed away. The turn runs on: read it again later.')
}

const agent = await anAgent()
const session = await call<{ id: string }>('POST', `/agents/${agent.id}/sessions`, {})
console.error(`[${agent.name} is asked: ${question}]`)
for await (const event of runTurn(session.id, question)) {
  if (event.type === 'chunk') process.stdout.write(event.delta ?? '')
  // The turn's log was lost with its process: what was printed is replaced by what follows.
  else if (event.type === 'reset') process.stdout.write('\n[from the beginning]\n')
  else if (event.type === 'error') console.error(`\n[${event.code}: ${event.message}]`)
  else if (event.type === 'done') console.error(`\n[${event.status}, ${event.balance_after} credits left]`)
}
