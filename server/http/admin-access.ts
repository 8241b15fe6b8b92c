import type { FastifyInstance } from 'fastify'
import { requireAnalyst, requireOwner } from '../domain/roles.ts'
import { callerOf } from './api.ts'
import { isReading } from './reading.ts'

/** Every route of the scope is for analysts and owners, and whatever does not merely read for owners; decided before any body is read. */
export function requireAdministrator(scope: FastifyInstance): void {
  scope.addHook('onRequest', async request => {
    const require = isReading(request) ? requireAnalyst : requireOwner
    require(callerOf(request))
  })
}
