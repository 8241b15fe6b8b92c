import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { RunningTurns } from '../live/running-turns.ts'

const CLOSING_MS = 10_000
/** How long readers may take to get the last events of their streams. */
const PARTING_MS = 2_000

/** Takes no more requests, and lets those that are under way and their turns come to their end. */
export async function endServing(app: FastifyInstance, runningTurns: RunningTurns, graceSeconds: number): Promise<void> {
  const until = performance.now() + graceSeconds * 1000
  const closed = app.close()
  await endTurns(runningTurns, until)
  await partWithReaders(app, closed)
  // Of a request that was under way when the others had ended.
  await endTurns(runningTurns, until)
}

/** Those that still run by then are closed as they are. */
async function endTurns(runningTurns: RunningTurns, until: number): Promise<void> {
  if ((await runningTurns.drain(until - performance.now())) === 0) return
  for (const turnId of runningTurns.ids()) runningTurns.stop(turnId, 'interrupted')
  await runningTurns.drain(CLOSING_MS)
}

async function partWithReaders(app: FastifyInstance, closed: Promise<unknown>): Promise<void> {
  // A connection that is kept alive would otherwise be waited for, too.
  const idle = setInterval(() => app.server.closeIdleConnections(), 20)
  await Promise.race([closed, sleep(PARTING_MS, undefined, { ref: false })])
  clearInterval(idle)
  app.server.closeAllConnections()
  await closed
}
