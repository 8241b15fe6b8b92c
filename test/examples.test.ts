import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { useTestDatabase } from './database.ts'
import { startModelEndpoint } from './model-endpoint.ts'
import { firstOwner, PASSWORD } from './program/pantheon-process.ts'
import { startProgram } from './program.ts'
import { startSeverableProxy } from './severable-proxy.ts'

// The examples as they stand, against the real program, by way of a proxy that can be cut.

const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
const program = await startProgram({
  DATABASE_URL: database.url,
  OPENROUTER_BASE_URL: endpoint.url,
  SUPABASE_JWT_SECRET: '',
  SIGNUP: 'open',
})
const way = await startSeverableProxy(program.address)
afterAll(async () => {
  way.close()
  await program.stop()
  await endpoint.close()
})
const owner = await firstOwner(program.address)
const WORDS = Array.from({ length: 60 }, (_, at) => `w${at} `)

beforeEach(() => endpoint.reply({ chunks: WORDS, betweenMs: 20 }))

const examples: [string, string[]][] = [
  ['examples/client.ts', [process.execPath, path.join(import.meta.dirname, '../examples/client.ts')]],
  ['examples/client.sh', ['bash', path.join(import.meta.dirname, '../examples/client.sh')]],
]
const credentials = { PANTHEON_EMAIL: 'ada@example.org', PANTHEON_PASSWORD: PASSWORD }

interface Running {
  child: ChildProcess
  stdout(): string
  stderr(): string
  ended: Promise<number | null>
}

function run([command, ...args]: string[], environment: Record<string, string>): Running {
  const child = spawn(command!, [...args, 'What "now"?'], {
    env: { PATH: process.env.PATH, PANTHEON_URL: way.url.replace(/\/$/, ''), ...environment },
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', text => {
      output[stream] += text
    })
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended: once(child, 'close').then(([code]) => code) }
}

/** The answer, whether it was printed as text or as events. */
function answerIn(output: string): string {
  const events = [...output.matchAll(/^id: (\d+)\ndata: (.*)$/gm)].map(([, id, data]) => [Number(id), JSON.parse(data!)] as const)
  if (events.length === 0) return output
  return [...new Map(events).values()].map(event => event.delta ?? '').join('')
}

const curlIsInstalled = spawnSync('curl', ['--version']).status === 0

describe.each(examples.filter(([name]) => curlIsInstalled || !name.endsWith('.sh')))('%s', (_name, command) => {
  test('signs in and prints the answer as it comes', async () => {
    const running = run(command, credentials)
    await expect.poll(() => running.stdout(), { timeout: 20_000 }).toContain('w3 ')
    expect(running.stdout()).not.toContain('w59 ')
    expect(await running.ended, running.stderr()).toBe(0)
    expect(answerIn(running.stdout())).toBe(WORDS.join(''))
  })

  test('takes an API key', async () => {
    const { body } = await owner.post('/users/me/api-keys', { name: 'example' })
    const running = run(command, { PANTHEON_API_KEY: body.key })
    expect(await running.ended, running.stderr()).toBe(0)
    expect(answerIn(running.stdout())).toBe(WORDS.join(''))
  })

  test('rejoins the turn after a cut: nothing is missing, nothing comes twice, nothing is asked twice', async () => {
    const asked = endpoint.requests.length
    const running = run(command, credentials)
    await expect.poll(() => running.stdout(), { timeout: 20_000 }).toContain('w3 ')
    way.sever()
    await expect.poll(() => running.stderr(), { timeout: 20_000 }).toContain('rejoining')
    await way.mend()
    expect(await running.ended, running.stderr()).toBe(0)
    expect(answerIn(running.stdout())).toBe(WORDS.join(''))
    expect(endpoint.requests.length - asked).toBe(1)
  })

  test('ends with an error that says why where it is refused', async () => {
    const [file, ...args] = command
    const refused = promisify(execFile)(file!, args, {
      env: { PATH: process.env.PATH, PANTHEON_URL: program.address, PANTHEON_API_KEY: 'pantheon_none' },
    })
    await expect(refused).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('401') })
  })
})
