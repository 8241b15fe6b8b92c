import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { createClient, startProgram, tokenFor } from '../program.ts'

const database = await useTestDatabase()

test('a server that shuts down lets its turn finish, and refuses whoever still asks, as unavailable', async () => {
  const endpoint = await startModelEndpoint({ chunks: ['on ', 'and ', 'on'], betweenMs: 300 })
  onTestFinished(endpoint.close)
  const program = await startProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, SHUTDOWN_GRACE_SECONDS: '20' })
  const ada = createClient(program.address, 'ada', await tokenFor('ada', 'ada@example.com'))
  const { turns } = await newDirectChat(ada, { key: 'sage' })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
  const events = stream.all()
  // Half a request keeps its connection from being closed as idle.
  const socket = connect(Number(new URL(program.address).port), '127.0.0.1')
  socket.write('GET /api/v1/health HTTP/1.1\r\n')
  await once(socket, 'connect')
  await expect.poll(() => endpoint.requests.length).toBe(1)
  const stopped = program.stop()
  socket.write('host: x\r\n\r\n')
  const answer = String((await once(socket, 'data'))[0])
  expect(answer).toMatch(/^HTTP\/1\.1 503 /)
  expect(answer).toMatch(/^content-type: application\/problem\+json/im)
  expect(answer).toMatch(/^retry-after: 1\r$/im)
  expect(answer).toMatch(/^connection: close\r$/im)
  expect(answer).toContain('"code":"unavailable"')
  expect((await events).at(-1)!.data).toMatchObject({ type: 'done', status: 'completed' })
  await stopped
})
