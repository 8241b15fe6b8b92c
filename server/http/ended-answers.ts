import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Database } from '../store/database.ts'
import { findEndedAnswers, type OpenAnswer } from '../usecases/find-ended-answers.ts'
import { callerOf } from './api.ts'

/** Suspension, sign-out and the revoking of a key are to reach open streams within 5 s. */
const LOOK_EVERY_MS = 2_000

/** Cuts answers that are under way, streams above all, when who asked for them may no more; what comes later is refused at the door. The turn runs on. */
export function cutEndedAnswers(scope: FastifyInstance, deps: { database: Database }): void {
  const open = new Map<ServerResponse, OpenAnswer>()
  scope.addHook('onRequest', async (request, reply) => {
    // Whoever left while their token was looked at: `close` has been said already, and nothing would take the answer off the list again.
    if (reply.raw.destroyed) return
    open.set(reply.raw, { userId: callerOf(request).userId, credential: request.credential })
    reply.raw.once('close', () => open.delete(reply.raw))
  })
  const timer = setInterval(() => {
    // What cannot be told now is asked again at the next look.
    cut(deps, open).catch(err => scope.log.warn({ err }, 'which answers have ended could not be read'))
  }, LOOK_EVERY_MS)
  timer.unref()
  scope.addHook('onClose', async () => clearInterval(timer))
}

async function cut(deps: { database: Database }, open: ReadonlyMap<ServerResponse, OpenAnswer>): Promise<void> {
  if (open.size === 0) return
  const answers = Array.from(open, ([response, answer]) => ({ ...answer, response }))
  for (const { response } of await findEndedAnswers(deps, answers)) response.destroy()
}
