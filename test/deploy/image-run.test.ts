import { existsSync, readdirSync } from 'node:fs'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { parsed, upload } from '../files/file-program.ts'
import { freePort } from '../free-port.ts'
import { createClient, JWT_SECRET, tokenFor } from '../program.ts'
import { startSeverableProxy } from '../severable-proxy.ts'
import { layOutImage } from './image-root.ts'

// No container engine runs here: the very commands of the image, in a folder laid out as its root.

const PATIENCE = { timeout: 60_000, interval: 50 }

test('the image migrates, serves, answers its health check, works and stops, as a user who can write to its volumes alone', async () => {
  const { image, app, volumes, run } = layOutImage()
  expect(existsSync(`${app}/server/dist/cli.js`), 'run: npm run build').toBe(true)
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  // By the network, as from a container: the socket of the embedded PostgreSQL is its owner's alone.
  const way = await startSeverableProxy(database.url)
  onTestFinished(way.close)
  const port = String(await freePort())
  const environment = { DATABASE_URL: way.url, HOST: '127.0.0.1', PORT: port, SUPABASE_JWT_SECRET: JWT_SECRET }
  const start = (...args: string[]) => run([...image.entrypoint, ...args], environment)
  const isHealthy = async () => (await run(image.healthCheck, environment).exitCode) === 0

  const migration = start('migrate')
  expect(await migration.exitCode, migration.output()).toBe(0)
  expect(await isHealthy()).toBe(false)

  const server = start(...image.command)
  const worker = start('worker')
  await vi
    .waitUntil(() => server.output().includes('/api/docs') && worker.output().includes(', worker'), PATIENCE)
    .catch(() => {
      expect.fail(server.output() + worker.output())
    })
  expect(await isHealthy()).toBe(true)

  const address = `http://127.0.0.1:${port}`
  expect(await (await fetch(`${address}/ready`)).json()).toEqual({ status: 'ok' })
  const ada = createClient(address, 'ada-id', await tokenFor('ada-id', 'ada@example.com'))
  const room = `/rooms/${(await ada.post('/rooms', { name: 'Strategy' })).body.id}`
  const { body: file } = await upload(ada, { address }, room, 'plan.txt', 'Buy or build?')
  expect(await parsed(ada, file.id)).toMatchObject({ parse_status: 'completed', text: 'Buy or build?' })

  for (const running of [server, worker]) running.end('SIGTERM')
  expect(await Promise.all([server.exitCode, worker.exitCode])).toEqual([0, 0])
  expect(server.output() + worker.output()).not.toMatch(/EACCES|EROFS|EPERM/)
  expect(readdirSync(volumes['/data']!).sort()).toContain('files')
  expect(readdirSync(volumes['/tmp']!)).toEqual([])
  expect(existsSync(`${app}/data`)).toBe(false)
}, 180_000)
