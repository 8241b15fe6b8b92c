import { setTimeout as sleep } from 'node:timers/promises'
import { readStream, type StreamedAnswer, type StreamRequest } from './load.ts'

/** What is measured: something that streams a model's answer to a client. */
export interface Target {
  /** Held against the project's goals. */
  isOurs: boolean
  name: string
  /** How the first event that holds text of the answer is known. */
  firstText: string
  /** Makes whatever so many turns need beforehand; nothing of it is measured. */
  prepare(load: Load): Promise<void>
  /** The next request of one client. */
  request(client: number): StreamRequest
  /** The text that an answer's events hold together; throws when they tell of a failure. */
  textOf(body: string): string
  /** Seconds of CPU used so far: by itself, and by its database and whatever else works for it. */
  cpu(): { own: number; others: number }
}

export interface Load {
  clients: number
  turnsEach: number
  /** How far apart the clients begin. */
  staggerMs: number
}

export interface LoadResult {
  answers: StreamedAnswer[]
  seconds: number
  cpuOwn: number
  cpuOthers: number
}

/** Clients that each send one turn after another, all at the same time; every answer must be `expected`, whole. */
export async function runLoad(target: Target, load: Load, expected: string): Promise<LoadResult> {
  await target.prepare(load)
  const before = target.cpu()
  const begun = performance.now()
  const answers = await Promise.all(Array.from({ length: load.clients }, (_, client) => runClient(target, load, client)))
  const seconds = (performance.now() - begun) / 1000
  const after = target.cpu()
  const all = answers.flat()
  for (const { body } of all)
    if (target.textOf(body) !== expected) throw new Error(`${target.name} did not pass the answer on as it was: ${body.slice(0, 500)}`)
  return { answers: all, seconds, cpuOwn: after.own - before.own, cpuOthers: after.others - before.others }
}

async function runClient(target: Target, { turnsEach, staggerMs }: Load, client: number): Promise<StreamedAnswer[]> {
  if (staggerMs > 0) await sleep(client * staggerMs)
  const answers: StreamedAnswer[] = []
  for (let turn = 0; turn < turnsEach; turn += 1) answers.push(await readStream(target.request(client), target.firstText))
  return answers
}
