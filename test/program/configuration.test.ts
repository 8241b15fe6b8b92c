import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { describeVariables, publicUrl, readConfig } from '../../server/config.ts'
import { createTestDatabase } from '../database.ts'
import { discardAbandonedTrials, trialFolder } from '../store/embedded-trial.ts'
import { runPantheon, startPantheon } from './pantheon-process.ts'

await discardAbandonedTrials()

const RANDOM = 'p0TqQ2n3RkYhVq8m1cZ5bXw7uJf4sLd9aGe6oKiBtM='
const problemsOf = (environment: Record<string, string>): string[] => {
  const reading = readConfig(environment)
  return reading.kind === 'wrong' ? reading.problems : []
}

describe('a wrong configuration', () => {
  const wrong = {
    NODE_ENV: 'value-1',
    PORT: 'value-2',
    PUBLIC_URL: 'https://value-3/path',
    API_CORS_ALLOWED_ORIGINS: 'https://fine.example,value-4',
    LOG_LEVEL: 'value-5',
    DATABASE_URL: 'value-6',
    AUTH_SECRET: 'value-7,value-8',
    SIGNUP: 'value-9',
    OPENROUTER_BASE_URL: 'ftp://value-10',
    CONTEXT_PRUNE_TRIGGER_RATIO: '7',
    TURN_MAX_SECONDS: '1.5',
    CREDIT_ENFORCEMENT_ENABLED: 'value-11',
    LOW_BALANCE_THRESHOLD: '-5',
    OIDC_ISSUER: 'https://value-12.example',
  }

  test('is told of whole, by variable and never by value, with 1, and nothing is made', async () => {
    const folder = trialFolder()
    const { code, stdout, stderr } = await runPantheon({ folder, environment: wrong }, [])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const [head, ...problems] = stderr.trimEnd().split('\n')
    expect(head).toBe('The configuration is not usable:')
    const named = Object.keys(wrong).filter(name => name !== 'OIDC_ISSUER')
    expect(problems.map(problem => problem.trim().split(': ')[0])).toEqual([...named, 'OIDC_AUDIENCE'])
    for (const value of Object.values(wrong).filter(each => each.includes('value')))
      expect(stderr).not.toMatch(new RegExp(`\\b${/value-\d+/.exec(value)?.[0]}\\b`))
    expect(existsSync(path.join(folder, 'data'))).toBe(false)
  })

  test('is told of by every command that needs one', async () => {
    const surroundings = { folder: trialFolder(), environment: { PORT: 'wrong' } }
    for (const args of [['serve'], ['migrate'], ['user', 'create', '--email', 'ada@example.org']])
      expect(await runPantheon(surroundings, args)).toEqual({
        code: 1,
        stdout: '',
        stderr: 'The configuration is not usable:\n  PORT: must be a whole number from 0 to 65535\n',
      })
  })

  test('is one whose variables contradict each other', () => {
    expect(problemsOf({ DATABASE_POOL_URL: 'postgres://pooler/db' })).toEqual([
      'DATABASE_POOL_URL: needs DATABASE_URL too, for migrations and signals',
    ])
    expect(problemsOf({ OIDC_ISSUER: 'https://issuer.example' })).toEqual(['OIDC_AUDIENCE: is required with OIDC_ISSUER'])
    expect(problemsOf({ CONTEXT_PRUNE_TRIGGER_RATIO: '0.5' })).toEqual([
      'CONTEXT_PRUNE_TRIGGER_RATIO: must not be below CONTEXT_SUMMARY_TRIGGER_RATIO',
    ])
  })

  test('does not make a variable contradict one that is wrong itself', () => {
    expect(problemsOf({ DATABASE_POOL_URL: 'postgres://pooler/db', DATABASE_URL: 'mysql://db' })).toEqual([
      'DATABASE_URL: must be a postgres:// URL',
    ])
  })
})

describe('in production', () => {
  const production = (more: Record<string, string>) => problemsOf({ NODE_ENV: 'production', ...more })
  const server = { DATABASE_URL: 'postgres://user:password@db/pantheon' }

  test('a wildcard origin is refused, which is allowed elsewhere', () => {
    expect(production({ API_CORS_ALLOWED_ORIGINS: 'https://fine.example,*' })).toEqual([
      'API_CORS_ALLOWED_ORIGINS: must name exact origins in production',
    ])
    expect(problemsOf({ API_CORS_ALLOWED_ORIGINS: '*' })).toEqual([])
    expect(problemsOf({ API_CORS_ALLOWED_ORIGINS: 'https://*.example.org' })).toHaveLength(1)
  })

  test('a server without a secret of its own for local accounts is refused', () => {
    expect(production(server)).toEqual(['AUTH_SECRET: is required in production, the same on every replica'])
    expect(production({ ...server, AUTH_SECRET: RANDOM })).toEqual([])
    expect(production({ ...server, SUPABASE_URL: 'https://project.supabase.co' })).toEqual([])
    expect(problemsOf(server)).toEqual([])
  })

  test('a secret that somebody made up is refused, which is allowed elsewhere', () => {
    const refused = ['AUTH_SECRET: must be long and random in production: "openssl rand -base64 32" makes one']
    for (const secret of ['long enough elsewhere', 'change-me-change-me-change-me-change-me', `${RANDOM},long enough elsewhere`]) {
      expect(production({ AUTH_SECRET: secret })).toEqual(refused)
      expect(problemsOf({ AUTH_SECRET: secret })).toEqual([])
    }
  })

  test('the refusal is that of the program, too', async () => {
    const environment = { NODE_ENV: 'production', ...server }
    const { code, stderr } = await runPantheon({ folder: trialFolder(), environment }, [])
    expect(code).toBe(1)
    expect(stderr).toContain('  AUTH_SECRET: is required in production')
    expect(stderr).not.toContain('password')
  })
})

describe('a variable', () => {
  test('that is empty or blank counts as unset, and blanks around a value do not count', () => {
    const reading = readConfig({ PORT: '', HOST: '  ', OPENROUTER_API_KEY: ' key ', CREDIT_ENFORCEMENT_ENABLED: ' true ' })
    expect(reading).toMatchObject({ config: { PORT: 8000, OPENROUTER_API_KEY: 'key', CREDIT_ENFORCEMENT_ENABLED: true } })
    expect(reading).not.toHaveProperty('config.HOST')
  })

  test('that the program reads is described, with its default, and marked where it is a secret', () => {
    const described = describeVariables()
    const { config } = readConfig({}) as { config: object }
    expect(described.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(config)))
    expect(described.filter(({ about }) => about === '')).toEqual([])
    const secretive = described.filter(({ name }) => /API_KEY|SECRET|PASSWORD|TOKEN$|^DATABASE_|^REDIS_/.test(name))
    expect(secretive.filter(({ secret }) => !secret)).toEqual([])
  })

  test('of the file .env is read in the working folder, and the environment wins', async () => {
    const folder = trialFolder()
    const database = await createTestDatabase()
    onTestFinished(database.drop)
    writeFileSync(path.join(folder, '.env'), `DATABASE_URL=${database.url}\nAPI_CORS_ALLOWED_ORIGINS=*\nSIGNUP=closed\n`)
    const program = startPantheon({ folder, environment: { SIGNUP: 'invite', HOST: '127.0.0.1' } })
    const address = await program.address()
    expect(program.said('database')).toBe('PostgreSQL by DATABASE_URL')
    expect(program.said('accounts')).toContain('sign-up invite')
    const answer = await fetch(`${address}/health`, { headers: { origin: 'https://any.example' } })
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://any.example')
  })
})

test('the public address follows the port that is really listened on, unless it is set', () => {
  const configOf = (environment: Record<string, string>) =>
    (readConfig(environment) as Extract<ReturnType<typeof readConfig>, { kind: 'ok' }>).config
  expect(publicUrl(configOf({ PORT: '0' }), 43_210)).toBe('http://localhost:43210')
  expect(publicUrl(configOf({ PORT: '9000' }))).toBe('http://localhost:9000')
  expect(publicUrl(configOf({ PORT: '0', PUBLIC_URL: 'https://pantheon.example' }), 43_210)).toBe('https://pantheon.example')
})
