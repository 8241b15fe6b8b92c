import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Problem } from '../../contract/errors.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import { usePayingProgram } from '../payments/paying-program.ts'
import { tokenFor } from '../program.ts'
import { type Document, type FuzzedRequest, requestsOf } from './fuzz.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const REQUESTS = Number(process.env.PANTHEON_FUZZ_REQUESTS ?? 20_000)
const SEED = Number(process.env.PANTHEON_FUZZ_SEED ?? 20261125)
const AT_ONCE = 8
const SLOW_BODIES = 20

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const program = await usePayingProgram({ PANTHEON_DATA_DIR: folder, ADMIN_USER_IDS: 'ada-id', SIGNUP_GRANT_CREDITS: '1000000' })
const ada = await program.user('ada')
const bob = await program.user('bob')

/** These would take away what the others are tried on; they are tried as somebody who has nothing to lose. */
const BY_ANOTHER = new Set(['DELETE /api/v1/users/me', 'POST /api/v1/users/me/sign-out-everywhere'])
const LEAKS = /\bat \S+ \(|\.ts:\d+|node_modules|\bselect .+ from\b|syntax error at|pg_catalog|ECONNREFUSED|Error: /i

interface Outcome {
  request: FuzzedRequest
  status: number
  text: string
  type: string
  ms: number
}

async function send(request: FuzzedRequest, token: string): Promise<Outcome> {
  const started = performance.now()
  const response = await fetch(program.address + request.address, {
    method: request.method,
    headers: { authorization: `Bearer ${token}`, ...request.headers },
    body: request.body as string | Uint8Array<ArrayBuffer> | null,
  })
  const text = await response.text()
  return { request, status: response.status, text, type: response.headers.get('content-type') ?? '', ms: performance.now() - started }
}

/** What is wrong with an answer; null when nothing is. */
function faultOf({ status, text, type }: Outcome, documented: string[]): string | null {
  if (status >= 500) return 'is an error of ours'
  if (!documented.includes(String(status))) return 'is not in the document'
  if (status < 400) return null
  if (!type.startsWith('application/problem+json')) return `is of type ${type}`
  const problem = Problem.safeParse(JSON.parse(text))
  if (!problem.success) return 'is no problem as the contract has it'
  return LEAKS.test(text) ? 'tells of our inside' : null
}

/** Connections that send a body one byte at a time, and hold on to it. */
function openSlowBodies(): () => void {
  const { hostname, port } = new URL(program.address)
  const sockets = Array.from({ length: SLOW_BODIES }, () => {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    socket.write(
      `POST /api/v1/rooms HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ada.token}\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n{`,
    )
    const drip = setInterval(() => socket.write(' '), 250)
    socket.on('close', () => clearInterval(drip))
    return socket
  })
  return () => sockets.forEach(socket => void socket.destroy())
}

test.runIf(LONG)(
  `of ${REQUESTS} requests made from the document none is answered by an error of ours, or by more than it says`,
  {
    timeout: 1_800_000,
  },
  async () => {
    const document = (await program.anonymous.get('/openapi.json')).body as Document
    const council = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two' }])
    const chat = await newDirectChat(ada, { key: 'alone' })
    const turn = await ada.post(council.turns, { message: 'Hello.' })
    const file = await ada.post(
      `/rooms/${council.roomId}/files`,
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nHello.\r\n--b--\r\n',
      { 'content-type': 'multipart/form-data; boundary=b' },
    )
    program.endpoint.reply({ chunks: ['Hm.'] })
    const known = {
      room_id: [council.roomId],
      session_id: [council.sessionId, chat.sessionId],
      agent_id: Object.values(council.agents),
      turn_id: [turn.body.id],
      file_id: [file.body.id],
      user_id: [bob.userId],
      api_key_id: [crypto.randomUUID()],
      alias: ['deepseek', 'llama', 'demo'],
    }
    const other = await newCouncil(ada, 'manual', [{ key: 'three' }])
    const spare = {
      ...known,
      room_id: [other.roomId],
      session_id: [other.sessionId],
      agent_id: Object.values(other.agents),
      file_id: ['x'],
    }
    const requests = fc.sample(requestsOf(document, known, spare), { seed: SEED, numRuns: REQUESTS })
    const nothingToLose = await tokenFor('nothing-to-lose', 'nobody@example.com')
    const documented = (route: string) => {
      const [method = '', address = ''] = route.split(' ')
      // Whatever else a route answers, what cannot be read as a request at all, or brings a body where none belongs, is one of these.
      return ['400', '413', '415', ...Object.keys(document.paths[address]![method.toLowerCase()]!.responses)]
    }
    const endSlowBodies = openSlowBodies()
    const faults: string[] = []
    const times: number[] = []
    const met = new Map<number, number>()
    const queue = requests.values()
    const work = async () => {
      for (const request of queue) {
        const outcome = await send(request, BY_ANOTHER.has(request.route) ? nothingToLose : ada.token)
        times.push(outcome.ms)
        met.set(outcome.status, (met.get(outcome.status) ?? 0) + 1)
        const fault = faultOf(outcome, documented(request.route))
        if (fault)
          faults.push(
            `${request.route} answered ${outcome.status}, which ${fault}: ${request.address.slice(0, 200)} ${String(request.body).slice(0, 200)} → ${outcome.text.slice(0, 300)}`,
          )
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    endSlowBodies()
    expect(
      faults.toSorted((left, right) => Number(right.includes(' error of ours')) - Number(left.includes(' error of ours'))).slice(0, 20),
    ).toEqual([])
    expect(times).toHaveLength(REQUESTS)
    // The fuzz is worth something: much is refused, and much gets through.
    const through = [...met].filter(([status]) => status < 400).reduce((sum, [, count]) => sum + count, 0)
    expect(through / REQUESTS).toBeGreaterThan(0.15)
    expect(through / REQUESTS).toBeLessThan(0.85)
    expect((await program.anonymous.get('/ready')).status).toBe(200)
    expect(({} as Record<string, unknown>).isAdmin).toBeUndefined()
    times.sort((left, right) => left - right)
    const [median, p99] = [times[Math.floor(REQUESTS * 0.5)]!, times[Math.floor(REQUESTS * 0.99)]!]
    console.info(
      `${REQUESTS} requests: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, slowest ${times.at(-1)!.toFixed(1)} ms`,
      Object.fromEntries(met),
    )
    expect(p99).toBeLessThan(500)
  },
)
