import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { QUESTION } from '../bare-proxy.ts'
import { newDirectSession, signUpUsers, turnRequest } from '../council.ts'
import { readStream } from '../load.ts'
import { helperMegabytes, residentMegabytes } from '../meter.ts'
import { startProduct } from '../product.ts'
import type { SectionResult } from '../results.ts'
import type { Pace } from '../script.ts'
import type { Stage } from '../stage.ts'
import { finding, sum } from '../statistics.ts'

const PROMISED = new Map([
  [500, 180],
  [2000, 350],
])
/** They begin one after another, so many in a second: slower than a server admits them, so that none waits for the database. */
const BEGUN_PER_SECOND = 25
/** So long that the first still speaks when the last has begun, with half as much time again for a machine that is slow. */
const paceFor = (count: number): Pace => ({ firstMs: 200, betweenMs: 500, tokens: Math.ceil((3 * count) / BEGUN_PER_SECOND), perWrite: 1 })
const SETTLE_MS = 3_000
const SAMPLE_MS = 100
const USERS = 8

interface MemoryFound {
  idle: number
  peak: number
  postgres: number
}

/** (d) What a server needs that has many slow answers under way. */
export async function memory(stage: Stage): Promise<SectionResult> {
  const counts = stage.quick ? [500] : [500, 2000]
  const runs = stage.quick ? 1 : 2
  const found = new Map<number, MemoryFound[]>()
  for (const count of counts) {
    const all: MemoryFound[] = []
    for (let run = 0; run < runs; run += 1) all.push(await holdStreams(stage, count))
    found.set(count, all)
  }
  const most = (count: number, of: keyof MemoryFound) => finding(found.get(count)!.map(each => each[of]))
  return {
    title: 'Many slow streams: memory',
    work: `A server of its own for each run, ${runs} of each; the model takes 500 ms between tokens and goes on until all have begun; resident memory of the process, sampled every ${SAMPLE_MS} ms. PostgreSQL's own beside it, what its processes share counted once.`,
    columns: ['streams at once', 'idle, MB', 'most, MB', 'kB per stream', 'PostgreSQL, MB'],
    rows: counts.map(count => {
      const [idle, peak] = [most(count, 'idle').value, most(count, 'peak').value]
      return [String(count), idle, peak, ((peak - idle) * 1024) / count, most(count, 'postgres').value]
    }),
    goals: counts.map(count => ({
      what: `memory with ${count} streams`,
      finding: most(count, 'peak'),
      unit: 'MB',
      limit: PROMISED.get(count)!,
      limitIs: 'most' as const,
    })),
  }
}

async function holdStreams(stage: Stage, count: number): Promise<MemoryFound> {
  await (await stage.endpoint()).play({ default: paceFor(count) })
  const product = await startProduct({ dataDir: path.join(stage.folder, 'memory'), endpointUrl: (await stage.endpoint()).url })
  let sampling: NodeJS.Timeout | undefined
  try {
    const users = await signUpUsers(product.url, USERS)
    const sessions = await Promise.all(users.map(user => sessionsOf(user, count / USERS)))
    await sleep(SETTLE_MS)
    const idle = residentMegabytes(product.pid)
    let peak = idle
    sampling = setInterval(() => {
      peak = Math.max(peak, residentMegabytes(product.pid))
    }, SAMPLE_MS)
    const requests = sessions.flatMap((own, user) =>
      own.map(session => turnRequest(product.url, users[user]!, session, { message: QUESTION })),
    )
    const answers = []
    for (const request of requests) {
      const answer = readStream(request, '"type":"chunk"')
      // Looked at when all have ended.
      answer.catch(() => {})
      answers.push(answer)
      await sleep(1000 / BEGUN_PER_SECOND)
    }
    const postgres = sum(product.helpers.map(helperMegabytes))
    const all = await Promise.all(answers)
    const lastFirst = Math.max(...all.map(({ firstTextAt }) => firstTextAt))
    if (all.some(({ endedAt }) => endedAt < lastFirst)) throw new Error('The streams did not run all at the same time.')
    if (all.some(({ body }) => !body.includes('"status":"completed"'))) throw new Error('A turn did not complete.')
    return { idle, peak, postgres }
  } finally {
    clearInterval(sampling)
    await product.end()
  }
}

async function sessionsOf(user: Parameters<typeof newDirectSession>[0], count: number): Promise<string[]> {
  const sessions: string[] = []
  while (sessions.length < count) sessions.push(await newDirectSession(user))
  return sessions
}
