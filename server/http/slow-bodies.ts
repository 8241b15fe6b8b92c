import type { FastifyInstance } from 'fastify'

/** Longer than any honest client takes for a megabyte; an upload of a file has as long as the server gives a request. */
const BODY_MS = 30_000

/** Ends connections whose body comes too slowly to be anything but an attempt to hold them. */
export function endSlowBodies(app: FastifyInstance, milliseconds = BODY_MS): void {
  app.addHook('preParsing', async ({ raw, headers }, _reply, payload) => {
    const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
    if (!hasBody || /^multipart\//i.test(headers['content-type'] ?? '')) return
    // Of a body that nobody reads, an empty one for example, only `complete` tells that it has come.
    const timer = setTimeout(() => raw.complete || raw.destroy(), milliseconds)
    const arrived = () => clearTimeout(timer)
    payload.once('end', arrived).once('close', arrived)
  })
}
