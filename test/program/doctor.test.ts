import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { migrationHead } from '../../server/store/migrate.ts'
import { createTestDatabase } from '../database.ts'
import { startMailServer } from '../mail-server.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { findTestRedis } from '../redis.ts'
import { discardAbandonedTrials, trialFolder } from '../store/embedded-trial.ts'
import { runPantheon, startPantheon } from './pantheon-process.ts'

await discardAbandonedTrials()

const redisUrl = await findTestRedis()
const repository = path.join(import.meta.dirname, '../..')
const NOBODY_LISTENS = 'postgres://nobody:hidden-word@127.0.0.1:1/none'

/** The lines of a report by what they are about, each with its mark. */
const linesOf = (report: string): Map<string, string> =>
  new Map(
    report.split(/\n(?=\S)/).map(line => {
      const [, mark = '', about = '', words = ''] = /^(ok|off|FAIL) +(configuration|model \S+|\S+) +([\s\S]*)$/.exec(line.trimEnd()) ?? []
      return [about, `${mark}: ${words.replace(/\n +/g, '\n')}`]
    }),
  )

async function diagnose(environment: Record<string, string>, folder = trialFolder()) {
  const { code, stdout, stderr } = await runPantheon({ folder, environment }, ['doctor'])
  expect(stderr).toBe('')
  return { code, found: linesOf(stdout), stdout }
}

async function aDatabase() {
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  return database
}

describe('doctor', () => {
  test('examines beside a running embedded server, and leaves it as it was', async () => {
    const folder = trialFolder()
    const server = startPantheon({ folder })
    const address = await server.address()
    const { code, found } = await diagnose({}, folder)
    expect(code).toBe(0)
    expect(found.get('database')).toBe('ok: embedded PostgreSQL, joined')
    expect(found.get('migrations')).toBe(`ok: at ${migrationHead()}`)
    expect(found.get('storage')).toMatch(/^ok: .*written, read and removed a probe$/)
    expect(found.get('redis')).toMatch(/^off: /)
    expect(found.get('model deepseek')).toBe('off: the demo model answers: no provider has a key')
    expect((await fetch(`${address}/ready`)).status).toBe(200)
    expect(await server.end('SIGTERM')).toBe(0)
  })

  test('says that there is nothing yet where nothing was started, and makes nothing', async () => {
    const { code, found } = await diagnose({})
    expect(code).toBe(0)
    expect([...found.keys()]).toEqual(['configuration', 'data'])
  })

  test('names what is wrong in the configuration, never a value', async () => {
    const { code, found, stdout } = await diagnose({ PORT: 'hidden-word', S3_ENDPOINT: 'https://s3.example' })
    expect(code).toBe(1)
    expect(found.get('configuration')).toMatch(/^FAIL: PORT: .*\nS3_BUCKET: is required with S3_ENDPOINT\n/)
    expect(stdout).not.toContain('hidden-word')
  })

  test('fails for a database that is away, without its password, and looks at the rest all the same', async () => {
    const { code, found, stdout } = await diagnose({ DATABASE_URL: NOBODY_LISTENS })
    expect(code).toBe(1)
    expect(found.get('database')).toMatch(/^FAIL: DATABASE_URL: the database cannot be used: .*ECONNREFUSED/)
    expect(found.get('storage')).toMatch(/^ok: /)
    expect(stdout).not.toContain('hidden-word')
  })

  test('names the migrations that the database lacks', async () => {
    const { url, pool } = await aDatabase()
    await pool.query('delete from migrations where name = $1', [migrationHead()])
    const { code, found } = await diagnose({ DATABASE_URL: url })
    expect(code).toBe(1)
    expect(found.get('migrations')).toBe(`FAIL: the database lacks ${migrationHead()}: run "pantheon migrate"`)
  })

  test('fails for a Redis that is away', async () => {
    const { code, found } = await diagnose({ DATABASE_URL: (await aDatabase()).url, REDIS_URL: 'redis://127.0.0.1:1' })
    expect(code).toBe(1)
    expect(found.get('redis')).toMatch(/^FAIL: /)
  })

  test.runIf(redisUrl)('greets a Redis that is there', async () => {
    const { code, found } = await diagnose({ DATABASE_URL: (await aDatabase()).url, REDIS_URL: redisUrl! })
    expect(code).toBe(0)
    expect(found.get('redis')).toBe('ok: answers')
  })

  test('signs in to the mail server and sends nothing; a refused password is a failure that does not tell it', async () => {
    const mail = await startMailServer()
    onTestFinished(mail.close)
    const DATABASE_URL = (await aDatabase()).url
    const environment = { DATABASE_URL, SMTP_FROM: 'pantheon@example.org' }
    const right = await diagnose({ ...environment, SMTP_URL: mail.url })
    expect(right.found.get('mail')).toBe('ok: the server takes our mails')
    expect(mail.mails).toEqual([])
    const wrong = await diagnose({ ...environment, SMTP_URL: mail.url.replace('pass%20word', 'hidden-word') })
    expect(wrong.code).toBe(1)
    expect(wrong.found.get('mail')).toMatch(/^FAIL: /)
    expect(wrong.stdout).not.toContain('hidden-word')
  })

  test('fails for a folder that cannot be written to', async () => {
    const folder = trialFolder()
    writeFileSync(path.join(folder, 'data'), 'a file where a folder should be')
    const { code, found } = await diagnose({ DATABASE_URL: (await aDatabase()).url }, folder)
    expect(code).toBe(1)
    expect(found.get('storage')).toMatch(/^FAIL: /)
  })

  test('asks every enabled model for one token, and says which one failed and how', async () => {
    const endpoint = await startModelEndpoint(({ body }) =>
      body.model.startsWith('meta-llama') ? { status: 402 } : { chunks: ['A'], finish: 'length' },
    )
    onTestFinished(endpoint.close)
    const { url, pool } = await aDatabase()
    await pool.query(`update models set enabled = false where alias = 'premium'`)
    const { code, found } = await diagnose({ DATABASE_URL: url, OPENROUTER_BASE_URL: endpoint.url })
    expect(code).toBe(1)
    expect(found.get('model deepseek')).toMatch(/^ok: openrouter, \S+, \d+ ms$/)
    expect(found.get('model llama')).toMatch(/^FAIL: openrouter: .*402/)
    expect(found.has('model premium')).toBe(false)
    expect(endpoint.requests.map(({ body }) => body.max_tokens)).toEqual(endpoint.requests.map(() => 1))
    expect((await pool.query('select 1 from llm_call_events')).rowCount).toBe(0)
  })

  test.for(['doctor --url', 'doctor --url nonsense', 'doctor --url ftp://example.org', 'doctor more'])(
    '"%s" is refused with 2',
    async line => {
      const { code, stdout, stderr } = await runPantheon({ folder: trialFolder() }, line.split(' '))
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).not.toBe('')
    },
  )
})

describe('doctor --url', () => {
  const deployed = startPantheon({ folder: trialFolder(afterAll), atEnd: afterAll })
  const against = async (url: string, command?: [string, ...string[]]) => {
    const { code, stdout } = await runPantheon({ folder: trialFolder(), ...(command && { command }) }, ['doctor', '--url', url])
    return { code, found: linesOf(stdout) }
  }

  test('finds no difference to a server of this very checkout', async () => {
    const { code, found } = await against(await deployed.address())
    expect(found.get('contract')).toBe('ok: every route and every field is as here')
    expect(found.get('deployed')).toMatch(/^ok: version \S+, migration \S+, as here$/)
    expect(code).toBe(0)
  })

  test('names exactly what a server lacks that is one version, one migration, one route and two fields behind', async () => {
    const { code, found } = await against(await deployed.address(), [process.execPath, nextCheckout()])
    const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'))
    expect(code).toBe(1)
    expect(found.get('deployed')).toBe(
      `FAIL: version is 99.0.0 here, ${version} there\n` + `migration is 9998_next here, ${migrationHead()} there: it lacks 9998_next`,
    )
    const routes = ['GET', 'PATCH'].map(method => `${method} /api/v1/rooms/{room_id} 200.mood: missing there`)
    const lines = found
      .get('contract')!
      .replace(/^FAIL: /, '')
      .split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        'GET /next: missing there',
        'POST /api/v1/rooms body.mood: missing there',
        ...routes,
        'GET /api/v1/rooms 200[].mood: missing there',
      ]),
    )
    expect(lines.filter(line => !/^GET (\/api\/v1)?\/next: missing there$|\.mood: missing there$/.test(line))).toEqual([])
  })

  test('fails for a server that does not answer, or is something else', async () => {
    const away = await against('http://127.0.0.1:1')
    expect(away.code).toBe(1)
    expect(away.found.get('deployed')).toMatch(/^FAIL: .*ECONNREFUSED/)
    const endpoint = await startModelEndpoint({ jsonBody: { hello: 'world' } })
    onTestFinished(endpoint.close)
    const other = await against(`http://127.0.0.1:${endpoint.port}`)
    expect(other.code).toBe(1)
    expect(other.found.get('deployed')).toMatch(/^FAIL: /)
  })
})

/** A checkout that is one release further; answers with its main file. */
function nextCheckout(): string {
  const folder = trialFolder()
  for (const part of ['server', 'contract', 'migrations', 'package.json'])
    cpSync(path.join(repository, part), path.join(folder, part), { recursive: true })
  symlinkSync(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'))
  writeFileSync(path.join(folder, 'migrations/9998_next.sql'), 'select 1;')
  change(path.join(folder, 'package.json'), /"version": "[^"]+"/, '"version": "99.0.0"')
  change(path.join(folder, 'contract/rooms.ts'), /(\.strictObject\(\{\n)/, '$1    mood: z.string().optional(),\n')
  change(path.join(folder, 'contract/rooms.ts'), /(owner_user_id: z\.string\(\),)/, '$1 mood: z.string().optional(),')
  change(
    path.join(folder, 'server/http/health.ts'),
    /(\n {2}app\.get\(\n {4}'\/ready')/,
    "\n  app.get('/next', { schema: { security: [] } }, async () => 'next')$1",
  )
  return path.join(folder, 'server/main.mjs')
}

function change(file: string, pattern: RegExp, replacement: string): void {
  const text = readFileSync(file, 'utf8')
  expect(text, `${file} has ${pattern}`).toMatch(pattern)
  writeFileSync(file, text.replace(pattern, replacement))
}
