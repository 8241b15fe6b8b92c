import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Database } from '../store/database.ts'
import { findSuspendedUsers } from '../usecases/find-suspended-users.ts'
import { callerOf } from './api.ts'

/** Suspension is to reach open streams within 5 s. */
const LOOK_EVERY_MS = 2_000

/** Cuts answers that are under way, streams above all, when their user was suspended; what comes later is refused at the door. The turn runs on. */
export function cutAnswersOfSuspended(scope: FastifyInstance, deps: { database: Database }): void {
  const open = new Map<ServerResponse, string>()
  scope.addHook('onRequest', async (request, reply) => {
    open.set(reply.raw, callerOf(request).userId)
    reply.raw.once('close', () => open.delete(reply.raw))
  })
  const timer = setInterval(() => {
    // What cannot be told now is asked again at the next look.
    cut(deps, open).catch(err => scope.log.warn({ err }, 'whose users are suspended could not be read'))
  }, LOOK_EVERY_MS)
  timer.unref()
  scope.addHook('onClose', async () => clearInterval(timer))
}

async function cut(deps: { database: Database }, open: ReadonlyMap<ServerResponse, string>): Promise<void> {
  if (open.size === 0) return
  const suspended = new Set(await findSuspendedUsers(deps, [...new Set(open.values())]))
  if (suspended.size === 0) return
  for (const [response, userId] of open) if (suspended.has(userId)) response.destroy()
}
