import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChildProgram, startChildProgram } from '../child-program.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { newRoom, upload } from '../files/file-program.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type Pgbouncer, pgbouncerIsInstalled, startPgbouncer } from '../pgbouncer.ts'
import { runPantheon, type Surroundings, startPantheon } from '../program/pantheon-process.ts'
import { type Client, createClient, tokenFor } from '../program.ts'
import { eventually } from '../redis.ts'

// The server and a worker, each a process of its own, behind a pooler that gives every transaction another connection.

/** Fewer than either process would open by itself, so that they cannot help sharing. */
const CONNECTIONS = 2
const WAIT = { timeout: 60_000, interval: 50 }

describe.runIf(pgbouncerIsInstalled())('behind a transaction-mode pooler', async () => {
  const database = await useTestDatabase()
  const endpoint = await startModelEndpoint()
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-pooler-'))
  let pooler: Pgbouncer
  let server: ChildProgram
  let surroundings: Surroundings
  const ends: (() => void)[] = []

  beforeAll(async () => {
    pooler = await startPgbouncer(database.config, CONNECTIONS)
    const environment = {
      NODE_ENV: 'test',
      DATABASE_URL: database.url,
      DATABASE_POOL_URL: pooler.url,
      PANTHEON_DATA_DIR: path.join(folder, 'data'),
      RATE_LIMIT_TURNS_PER_MINUTE: '100000',
    }
    surroundings = { folder, environment, atEnd: end => void ends.push(end) }
    server = await startChildProgram({ ...environment, OPENROUTER_BASE_URL: endpoint.url, ADMIN_USER_IDS: 'owner-id' })
  })
  afterAll(async () => {
    for (const end of ends) end()
    await server?.end('SIGKILL')
    await endpoint.close()
    await pooler?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const clientOf = async (name: string): Promise<Client> =>
    createClient(server.address, `${name}-id`, await tokenFor(`${name}-id`, `${name}@example.com`))

  test('many turns at once run, are billed and closed over two connections', async () => {
    const before = await pooler.transactions()
    endpoint.reply({ chunks: ['said'], usage: { fresh: 0, output: 1000 }, firstTokenMs: 50 })
    const users = await Promise.all(Array.from({ length: 12 }, (_, index) => clientOf(`user${index}`)))
    const answers = await Promise.all(
      users.map(async (user, index) => {
        const { turns } = await newCouncil(user, 'roundtable', [{ key: `first-${index}` }, { key: `second-${index}` }])
        return await user.post(turns, { message: 'Go.' })
      }),
    )
    for (const answer of answers) expect(answer).toMatchObject({ status: 201, body: { status: 'completed', credits_burned: '0.2' } })
    const wallets = await Promise.all(users.map(async user => (await user.get('/users/me/wallet')).body.balance))
    expect(new Set(wallets)).toEqual(new Set(['99.8']))
    // It was the pooler that carried them, and the database itself that signals and migrations went to.
    expect(await eventuallyAbove(() => pooler.transactions(), before + 12 * 10)).toBe(true)
    const { rows } = await database.pool.query(
      `select application_name, count(*)::int from pg_stat_activity where datname = current_database() and application_name like 'pantheon %' group by 1`,
    )
    expect(rows).toContainEqual({ application_name: 'pantheon changes', count: 1 })
  })

  test('signals come by the direct connection', async () => {
    const [owner, ada] = [await clientOf('owner'), await clientOf('signals')]
    await ada.get('/auth/me')
    const { turns } = await newDirectChat(ada, { key: 'signals' })
    endpoint.reply({ chunks: Array(500).fill('on '), betweenMs: 20 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
    const events = stream.events()
    await events.next()
    // A mark that another process made: only its signal can reach this one.
    await database.pool.query('update turn_runs set cancel_requested_at = now() where turn_id = $1', [stream.headers.get('x-turn-id')])
    expect((await Array.fromAsync(events)).at(-1)!.data).toMatchObject({ type: 'done', status: 'cancelled' })
    await owner.send('PATCH', '/admin/settings/enforcement', { enabled: true })
    expect((await ada.get('/auth/me')).status).toBe(200)
    await owner.send('DELETE', '/admin/settings/enforcement')
  })

  test('a worker of its own parses what the server has taken in', async () => {
    const worker = startPantheon(surroundings, 'worker')
    await eventually(() => worker.stdout().includes('worker'), 60_000)
    const ada = await clientOf('files')
    const roomId = await newRoom(ada)
    const files = await Promise.all(
      Array.from({ length: 6 }, (_, index) => upload(ada, server, `/rooms/${roomId}`, `${index}.txt`, `the text of ${index}`)),
    )
    for (const [index, file] of files.entries()) {
      expect(file.status).toBe(201)
      const text = () => ada.get(`/rooms/${roomId}/files`).then(answer => JSON.stringify(answer.body))
      await expect.poll(text, WAIT).not.toContain('pending')
      const { rows } = await database.pool.query('select parse_status, parsed_text from uploaded_files where id = $1', [file.body.id])
      expect(rows).toEqual([{ parse_status: 'completed', parsed_text: `the text of ${index}` }])
    }
    expect(await worker.end('SIGTERM')).toBe(0)
  })

  test('migrations go by the direct connection, though the pooler could not carry them', async () => {
    await pooler.stop()
    const { stdout, code } = await runPantheon({ ...surroundings, environment: { ...surroundings.environment, DATABASE_POOL_URL: '' } }, [
      'migrate',
    ])
    expect([code, stdout.slice(0, 13)]).toEqual([0, 'Nothing to do'])
  })
})

/** The pooler counts a little later. */
const eventuallyAbove = (count: () => Promise<number>, wanted: number): Promise<boolean> =>
  eventually(async () => (await count()) >= wanted, 60_000).then(() => true)
