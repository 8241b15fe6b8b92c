import { request as httpRequest, type ServerResponse } from 'node:http'
import fastify from 'fastify'
import { afterAll, expect, test } from 'vitest'
import { observeBy } from '../../server/domain/observation.ts'
import { streamTurn } from '../../server/http/turn-stream.ts'
import { createMemoryTurnLogs } from '../../server/live/memory-turn-logs.ts'
import { joinedText, readEvents } from '../event-reader.ts'

const MIB = 1024 * 1024
const logs = createMemoryTurnLogs()
const responses: ServerResponse[] = []
const app = fastify()
app.get('/:turn', async (request, reply) => {
  responses.push(reply.raw)
  const log = await logs.find((request.params as { turn: string }).turn, async () => null)
  await streamTurn(request, reply, log!, 'basic', 0, observeBy([]))
})
const address = await app.listen({ port: 0, host: '127.0.0.1' })
afterAll(() => app.close())

test('a reader that stops reading costs at most 1 MiB and slows nobody', async () => {
  const log = logs.open('long', 1, () => {})
  for (let index = 0; index < 800; index++) log.append({ type: 'chunk', delta: 'x'.repeat(20_000) })
  log.append({
    type: 'done',
    turn_id: '00000000-0000-7000-8000-000000000000',
    provider_model: 'm',
    status: 'completed',
    summary_used_fallback: false,
    balance_after: null,
    low_balance: false,
  })
  const stalled = httpRequest(`${address}/long`)
  await new Promise<void>(resolve => {
    stalled.on('response', response => {
      response.pause()
      resolve()
    })
    stalled.end()
  })
  const response = await fetch(`${address}/long`)
  const events = await Array.fromAsync(readEvents(response.body!))
  expect(joinedText(events)).toHaveLength(16_000_000)
  expect(responses[0]!.writableEnded).toBe(false)
  expect(responses[0]!.writableLength).toBeGreaterThan(0)
  expect(responses[0]!.writableLength).toBeLessThan(MIB)
  stalled.destroy()
  await expect.poll(() => responses[0]!.destroyed).toBe(true)
})
