import { randomUUID } from 'node:crypto'
import type { OpenDatabase } from '../../server/store/database.ts'
import type { Answer, Client } from '../program.ts'
import type { Conversation } from './council-load.ts'
import { type Answered, converse } from './page-client.ts'

export interface SteadyLoad {
  /** Turns that came to their end. */
  answers: Answered[]
  /** What went wrong; empty when every turn did. */
  failures: unknown[]
  /** Turns that were not begun because every session ran one. */
  skipped(): number
  /** Begins no more and waits for those that run. */
  stop(): Promise<void>
}

/** So many turns a second, each in a session that runs none. */
export function converseSteadily(conversations: Conversation[], perSecond: number, patienceMs: number): SteadyLoad {
  const answers: Answered[] = []
  const failures: unknown[] = []
  const idle = [...conversations]
  const running = new Set<Promise<void>>()
  let skipped = 0
  const begin = () => {
    const conversation = idle.shift()
    if (!conversation) return void skipped++
    const { client, turns, message } = conversation
    const turn = converse(client, turns, message, patienceMs)
      .then(
        answer => void answers.push(answer),
        error => void failures.push(error),
      )
      .then(() => {
        idle.push(conversation)
        running.delete(turn)
      })
    running.add(turn)
  }
  const timer = setInterval(begin, 1000 / perSecond)
  return {
    answers,
    failures,
    skipped: () => skipped,
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}

/** Everybody's stored answer against what they have read. Gives back what differs. */
export async function misread(database: OpenDatabase, answers: Answered[]): Promise<object[]> {
  const rows = await database.kysely.selectFrom('turns').select(['id', 'status', 'assistant_output']).execute()
  const stored = new Map(rows.map(row => [row.id, row]))
  return answers.flatMap(({ turnId, status, text }) => {
    const turn = stored.get(turnId)
    return turn?.status === status && turn.assistant_output === text ? [] : [{ turnId, status, text, stored: turn }]
  })
}

export interface Bystander {
  /** Rooms that the server said it had made. */
  rooms: string[]
  slowestMs(): number
  refusals(): number
  failures: unknown[]
  stop(): Promise<void>
}

/** Somebody who looks around and makes rooms meanwhile, `perSecond` requests, without waiting for the one before. */
export function lookAround(client: Client, perSecond: number): Bystander {
  const rooms: string[] = []
  const failures: unknown[] = []
  let [slowestMs, refusals, count] = [0, 0, 0]
  const requests = [
    () => client.get('/users/me/wallet'),
    () => client.get('/rooms'),
    () => client.get('/auth/me'),
    () => client.get('/users/me/usage'),
    () => client.post('/rooms', { name: `Room ${randomUUID()}` }),
  ]
  const running = new Set<Promise<void>>()
  const begin = () => {
    const askedAt = performance.now()
    const request = requests[count++ % requests.length]!()
      .then(answer => {
        if (answer.status === 201) rooms.push(answer.body.id)
        else if (isUnavailable(answer)) refusals++
        else if (answer.status !== 200) failures.push({ status: answer.status, body: answer.body })
      })
      .catch(error => void failures.push(error))
      .then(() => {
        slowestMs = Math.max(slowestMs, performance.now() - askedAt)
        running.delete(request)
      })
    running.add(request)
  }
  const timer = setInterval(begin, 1000 / perSecond)
  return {
    rooms,
    failures,
    slowestMs: () => slowestMs,
    refusals: () => refusals,
    async stop() {
      clearInterval(timer)
      await Promise.all(running)
    },
  }
}

const isUnavailable = ({ status, body, headers }: Answer) =>
  status === 503 && body.code === 'unavailable' && Number(headers.get('retry-after')) > 0
