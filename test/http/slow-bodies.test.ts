import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { endSlowBodies } from '../../server/http/slow-bodies.ts'

/** How long the connection lives that sends `type` a byte at a time, and how it ends. */
async function trickle(type: string): Promise<{ milliseconds: number; answer: string }> {
  const app = Fastify()
  endSlowBodies(app, 300)
  app.addContentTypeParser('multipart/form-data', (_request, payload, done) => {
    payload.on('end', () => done(null)).resume()
  })
  app.post('/', async () => 'read')
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  onTestFinished(() => app.close())
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined)
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk))
  // Cut off in the middle of what it sends, it may be told so by an error first, which `once` would take for its own.
  const closed = new Promise(resolve => socket.once('close', resolve))
  const started = performance.now()
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 12\r\n\r\n`)
  for (let byte = 0; byte < 12 && !socket.destroyed; byte += 1) {
    socket.write('"')
    await sleep(100)
  }
  await closed
  return { milliseconds: performance.now() - started, answer: Buffer.concat(chunks).toString() }
}

test('a body that trickles in is cut off, an upload is not', async () => {
  const [json, upload] = await Promise.all([trickle('application/json'), trickle('multipart/form-data; boundary=b')])
  expect(json.answer).toBe('')
  expect(upload.answer).toContain('200 OK')
  expect(upload.milliseconds).toBeGreaterThan(1_000)
})

test.each([
  ['a body', 'POST', 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'],
  ['an empty body', 'POST', 'Content-Length: 0\r\n\r\n'],
  ['an empty body in chunks', 'POST', 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a body that nobody reads', 'GET', 'Content-Length: 2\r\n\r\n{}'],
  ['no body', 'GET', '\r\n'],
])('%s that arrives in time leaves nothing behind that could end its connection', async (_what, method, rest) => {
  const app = Fastify()
  endSlowBodies(app, 100)
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.route({
    method: ['GET', 'POST'],
    url: '/',
    handler: async () => {
      await sleep(300)
      return 'late'
    },
  })
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  onTestFinished(() => app.close())
  const socket = connect(Number(port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`)
  expect((await socket.setEncoding('utf8').toArray()).join('')).toMatch(/late$/)
})
