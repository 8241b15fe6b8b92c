import type { FastifyInstance } from 'fastify'
import { requireAnalyst, requireOwner } from '../domain/roles.ts'
import { callerOf } from './api.ts'

const READING = new Set(['GET', 'HEAD'])

/** Every route of the scope is for analysts and owners, and whatever does not merely read for owners; decided before any body is read. */
export function requireAdministrator(scope: FastifyInstance): void {
  scope.addHook('onRequest', async request => {
    const require = READING.has(request.method) ? requireAnalyst : requireOwner
    require(callerOf(request))
  })
}
