import { readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient, startProgram, tokenFor, useProgram } from '../program.ts'
import { type SeverableProxy, startSeverableProxy } from '../severable-proxy.ts'

const { anonymous, database } = await useProgram()

const head = readdirSync(path.join(import.meta.dirname, '../../migrations'))
  .filter(file => file.endsWith('.sql'))
  .toSorted()
  .at(-1)!
  .replace('.sql', '')
const places = ['/health', '//health'] as const

describe('health', () => {
  test.each(places)('says version and migration head without a token: %s', async place => {
    const { status, body } = await anonymous.get(place)
    expect([status, body]).toEqual([200, { status: 'ok', version: '0.0.0-test', migration_head: head }])
  })
})

describe('readiness', () => {
  const ready = ['/ready', '//ready'] as const

  test.each(ready)('is there when the database is, at the newest migration: %s', async place => {
    const { status, body } = await anonymous.get(place)
    expect([status, body]).toEqual([200, { status: 'ok' }])
  })

  test('is gone while the database is behind, and is back with the migration', async () => {
    const { rows } = await database.pool.query('delete from public.migrations where name = $1 returning *', [head])
    for (const place of ready) {
      const { body, headers } = await anonymous.get(place)
      expect(body).toMatchObject({ status: 503, code: 'unavailable', retry_after_seconds: 5, detail: expect.stringContaining(head) })
      expect(headers.get('retry-after')).toBe('5')
    }
    expect((await anonymous.get('/health')).status).toBe(200)
    await database.pool.query('insert into public.migrations (name, sha256) values ($1, $2)', [rows[0].name, rows[0].sha256])
    expect((await anonymous.get('/ready')).status).toBe(200)
  })

  test('does not mind a database that is ahead: a release runs beside the next one', async () => {
    await database.pool.query(`insert into public.migrations (name, sha256) values ('9999_next', 'x')`)
    expect((await anonymous.get('/ready')).body).toEqual({ status: 'ok' })
    await database.pool.query(`delete from public.migrations where name = '9999_next'`)
  })

  test('is gone where the database was never migrated', async () => {
    await database.pool.query('alter table public.migrations rename to migrations_elsewhere')
    const { body } = await anonymous.get('/ready')
    await database.pool.query('alter table public.migrations_elsewhere rename to migrations')
    expect(body).toMatchObject({ status: 503, code: 'unavailable' })
  })
})

describe('a database that is away', () => {
  let proxy: SeverableProxy
  let client: Client
  let nobody: Client
  let stop: () => Promise<void>
  beforeAll(async () => {
    proxy = await startSeverableProxy(database.url)
    const program = await startProgram({ DATABASE_URL: proxy.url })
    stop = program.stop
    client = createClient(program.address, 'away-id', await tokenFor('away-id', 'away@example.com'))
    nobody = createClient(program.address, '', '')
    expect((await client.get('/rooms')).status).toBe(200)
  })
  afterAll(async () => {
    await proxy.mend()
    await stop()
    proxy.close()
  })

  const away = { status: 503, code: 'unavailable', title: 'Unavailable', retry_after_seconds: 5 }

  test('is answered with 503 on every route that needs it, within seconds, and comes back by itself', async () => {
    proxy.sever()
    const began = performance.now()
    const answers = await Promise.all([
      nobody.get('/ready'),
      nobody.get('//ready'),
      client.get('/rooms'),
      client.post('/rooms', { name: 'Lost' }),
      client.get('/users/me/wallet'),
      client.get('/agents/0198aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa'),
    ])
    expect(performance.now() - began).toBeLessThan(5_000)
    for (const { body, headers } of answers) {
      expect(body).toMatchObject(away)
      expect(body.detail).not.toMatch(/ECONN|127\.0\.0\.1|terminat/)
      expect(headers.get('retry-after')).toBe('5')
    }
    expect((await nobody.get('/health')).status).toBe(200)
    await proxy.mend()
    await expect.poll(() => nobody.get('/ready').then(answer => answer.status), { timeout: 10_000 }).toBe(200)
    expect((await client.get('/rooms')).body).toEqual([])
  })

  test('is listened to again by one connection, however often that was tried', async () => {
    const listening = () =>
      database.pool
        .query<{ count: number }>(
          `select count(*) as count from pg_stat_activity where datname = current_database() and application_name = 'pantheon changes'`,
        )
        .then(({ rows }) => rows[0]!.count)
    // This program's and the other one's.
    await expect.poll(listening, { timeout: 10_000 }).toBe(2)
    proxy.sever()
    await sleep(3_500)
    await proxy.mend()
    await expect.poll(listening, { timeout: 10_000 }).toBe(2)
    await sleep(1_500)
    expect(await listening()).toBe(2)
  })

  test('that takes connections and says nothing is noticed as well', async () => {
    proxy.silence()
    const began = performance.now()
    expect((await nobody.get('/ready')).body).toMatchObject(away)
    expect(performance.now() - began).toBeLessThan(5_000)
    await proxy.mend()
    await expect.poll(() => nobody.get('/ready').then(answer => answer.status), { timeout: 15_000 }).toBe(200)
  })
})
