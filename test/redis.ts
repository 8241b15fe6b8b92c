import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { freePort } from './free-port.ts'

// A Redis to test on: that of PANTHEON_TEST_REDIS_URL, or the one that usually runs here. Where none answers the tests that need one say so
// and are left out; PANTHEON_TEST_REDIS_REQUIRED=1 makes that a failure.

const URL_TO_TRY = process.env.PANTHEON_TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'
const REQUIRED = process.env.PANTHEON_TEST_REDIS_REQUIRED === '1'

/** Null where no Redis answers. */
export async function findTestRedis(): Promise<string | null> {
  const client = createClient({ url: URL_TO_TRY, socket: { connectTimeout: 2_000, reconnectStrategy: false } })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
    return URL_TO_TRY
  } catch {
    return missing(`No Redis answers at ${URL_TO_TRY}`)
  } finally {
    client.destroy()
  }
}

/** Whether tests can start, freeze and kill a Redis of their own. */
export const redisServerIsInstalled = (): boolean =>
  spawnSync('redis-server', ['--version']).status === 0 || missing('No redis-server is installed') !== null

function missing(what: string): null {
  if (REQUIRED) throw new Error(`${what}, and PANTHEON_TEST_REDIS_REQUIRED is set.`)
  console.warn(`${what}: the tests that need it are left out.`)
  return null
}

export interface OwnRedis {
  url: string
  /** Stops answering without closing anything, like a machine that hangs. */
  freeze(): void
  thaw(): void
  kill(): Promise<void>
  /** On the same port, empty. */
  restart(): Promise<void>
  /** For the end. */
  remove(): Promise<void>
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const port = await freePort()
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-redis-'))
  let server = await start(port, folder)
  const kill = async () => {
    if (server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    kill,
    async restart() {
      await kill()
      server = await start(port, folder)
    },
    async remove() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function start(port: number, folder: string): Promise<ChildProcess> {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'],
    {
      stdio: 'ignore',
    },
  )
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: 20 } })
  client.on('error', () => undefined)
  await client.connect()
  client.destroy()
  return server
}

/** Asks until it is so; fails after a while. */
export async function eventually(isSo: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const until = performance.now() + withinMs
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error('It did not come to be.')
    await sleep(20)
  }
}
