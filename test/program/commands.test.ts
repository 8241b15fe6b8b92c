import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configurationPage, environmentExample } from '../../server/program/configuration-page.ts'
import { createTestDatabase } from '../database.ts'
import { discardAbandonedTrials, isServed, trialFolder } from '../store/embedded-trial.ts'
import { PASSWORD, runPantheon, signIn, startPantheon } from './pantheon-process.ts'

await discardAbandonedTrials()

const repository = path.join(import.meta.dirname, '../..')

describe('--help', () => {
  test.for([
    [[], 'Exit codes: 0 done, 1 failed, 2 bad arguments or a data folder in use.'],
    [['serve'], 'run the server'],
    [['migrate'], 'bring the database up to date'],
    [['user'], 'create'],
    [['user', 'create'], 'first line of standard input'],
    [['ledger'], 'verify'],
    [['ledger', 'verify'], 'ledger'],
    [['doctor'], '--url'],
    [['openapi'], 'OpenAPI document'],
    [['configuration'], '--write'],
  ] as const)('of %j says what it does, and does nothing', async ([command, words]) => {
    const folder = trialFolder()
    const { code, stdout, stderr } = await runPantheon({ folder }, [...command, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(words)
    expect(existsSync(path.join(folder, 'data'))).toBe(false)
  })
})

describe('bad arguments', () => {
  test.for(['nonsense', 'serve more', 'serve --fast', 'user create', 'user create --email ada@example.org --role god'])(
    '"%s" is refused with 2, and nothing is made',
    async line => {
      const folder = trialFolder()
      const { code, stdout, stderr } = await runPantheon({ folder }, line.split(' '))
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
      expect(stderr).toMatch(/^error: /)
      expect(stderr).toContain('--help')
      expect(existsSync(path.join(folder, 'data'))).toBe(false)
    },
  )
})

describe('migrate', () => {
  test('applies everything once, and nothing the second time', async () => {
    const surroundings = { folder: trialFolder() }
    const first = await runPantheon(surroundings, ['migrate'])
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toMatch(/^Applied 0001_foundation, 0002_auth, .*\.\n$/)
    const second = await runPantheon(surroundings, ['migrate'])
    expect(second).toMatchObject({ code: 0, stderr: '' })
    expect(second.stdout).toMatch(/^Nothing to do: the database is at \d{4}_\w+\.\n$/)
    expect(isServed(path.join(surroundings.folder, 'data'))).toBe(false)
  })
})

describe('openapi', () => {
  test('prints the document without a database and without a usable configuration, and makes nothing', async () => {
    const folder = trialFolder()
    const { code, stdout, stderr } = await runPantheon({ folder, environment: { PORT: 'wrong' } }, ['openapi'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const document = JSON.parse(stdout)
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths['/api/v1/sessions/{session_id}/turns/stream'].post.responses)).toEqual(
      expect.arrayContaining(['200', '402', '409', '422']),
    )
    expect(existsSync(path.join(folder, 'data'))).toBe(false)
  })
})

describe('configuration', () => {
  test('prints the page that is checked in', async () => {
    const written = readFileSync(path.join(repository, 'docs/configuration.md'), 'utf8')
    expect(configurationPage(), 'run: npm run docs:configuration').toBe(written)
    expect(await runPantheon({ folder: trialFolder() }, ['configuration'])).toEqual({ code: 0, stdout: `${written}\n`, stderr: '' })
  })

  test('keeps .env.example, in which everything is commented out', () => {
    const written = readFileSync(path.join(repository, '.env.example'), 'utf8')
    expect(environmentExample(), 'run: npm run docs:configuration').toBe(written)
    expect(written.split('\n').filter(line => line !== '' && !line.startsWith('#'))).toEqual([])
  })
})

describe('user create', () => {
  const create = ['user', 'create', '--email', 'ada@example.org']

  test('makes the first owner where no server runs, with the password that it prints', async () => {
    const folder = trialFolder()
    const made = await runPantheon({ folder }, create)
    expect(made).toMatchObject({ code: 0, stderr: '' })
    const [, password] = /^Made ada@example\.org, role owner\.\nPassword: (\S{16,})\n$/.exec(made.stdout) ?? expect.fail(made.stdout)
    expect(isServed(path.join(folder, 'data'))).toBe(false)
    const server = startPantheon({ folder })
    const ada = await signIn(await server.address(), 'ada@example.org', password)
    expect((await ada.get('/auth/me')).body).toMatchObject({ email: 'ada@example.org', role: 'owner' })
    expect((await ada.get('/users/me/wallet')).body.balance).toBe('100')
  })

  test('beside a running server makes an account that can sign in at once, past closed sign-up, in its role', async () => {
    const folder = trialFolder()
    const environment = { SIGNUP: 'closed' }
    const address = await startPantheon({ folder, environment }).address()
    expect((await runPantheon({ folder, environment }, create, `${PASSWORD}\n`)).code).toBe(0)
    const analyst = ['user', 'create', '--email', 'bob@example.org', '--name', 'Bob', '--role', 'analyst']
    // Blanks belong to a password; the line's end does not, and what follows is not read.
    const made = await runPantheon({ folder, environment }, analyst, ' bob has blanks \nmore\n')
    expect(made).toEqual({ code: 0, stdout: 'Made bob@example.org, role analyst.\n', stderr: '' })
    const bob = await signIn(address, 'bob@example.org', ' bob has blanks ')
    expect((await bob.get('/auth/me')).body).toMatchObject({ email: 'bob@example.org', role: 'analyst' })
    expect((await (await signIn(address, 'ada@example.org')).get('/auth/me')).body.role).toBe('owner')
  })

  test('fails with 1 and a plain word for an address that is taken, a password that is too short, and accounts kept elsewhere', async () => {
    const database = await createTestDatabase()
    onTestFinished(database.drop)
    const surroundings = { folder: trialFolder(), environment: { DATABASE_URL: database.url } }
    await runPantheon(surroundings, create)
    const taken = await runPantheon(surroundings, create)
    expect(taken).toMatchObject({ code: 1, stdout: '' })
    expect(taken.stderr).toMatch(/already exists/i)
    const short = await runPantheon(surroundings, ['user', 'create', '--email', 'bob@example.org'], 'short\n')
    expect(short).toMatchObject({ code: 1, stdout: '' })
    expect(short.stderr).toMatch(/password.*short/i)
    const elsewhere = await runPantheon({ folder: trialFolder(), environment: { SUPABASE_URL: 'https://project.supabase.co' } }, create)
    expect(elsewhere).toMatchObject({ code: 1, stdout: '' })
    expect(elsewhere.stderr).toContain('configured issuer')
    const { rows } = await database.pool.query('select email from auth.user')
    expect(rows).toEqual([{ email: 'ada@example.org' }])
  })
})
