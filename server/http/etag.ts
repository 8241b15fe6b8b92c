import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { VersionCheck } from '../domain/version.ts'

/** A thing's version is what can be read of it. */
const etagOf = (thing: unknown): string => `"${createHash('sha256').update(JSON.stringify(thing)).digest('base64url').slice(0, 22)}"`

export function withETag<Thing>(reply: FastifyReply, thing: Thing): Thing {
  reply.header('etag', etagOf(thing))
  return thing
}

/** The headers of a request that changes a thing which has versions. */
export const versionHeaders = z.looseObject({
  'if-match': z.string().optional().describe('The ETag that was read: the change is refused with 412 when it no longer holds'),
})

/** What `If-Match` asks for; without the header anything will do. */
export function ifMatch<Thing>(request: FastifyRequest): VersionCheck<Thing> {
  const header = request.headers['if-match']
  if (header === undefined || header.trim() === '*') return () => true
  const wanted = new Set(header.split(',').map(tag => tag.trim()))
  return thing => wanted.has(etagOf(thing))
}
