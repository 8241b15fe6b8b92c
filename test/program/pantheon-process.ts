import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { AS_STARTED, ENDING_WITH_THIS } from '../child-program.ts'
import { type Client, createClient } from '../program.ts'

const MAIN = path.join(import.meta.dirname, '../../server/main.mjs')
/** Generous: these programs share two cores with the rest of the suite, and a test may start several, one after another. */
const PATIENCE = { timeout: 60_000, interval: 20 }
vi.setConfig({ testTimeout: 180_000 })

export const PASSWORD = 'correct horse battery'

/** Where a program runs, and with which variables besides `PANTHEON_DATA_DIR`, which is `<folder>/data`. */
export interface Surroundings {
  folder: string
  environment?: Record<string, string>
  /** Whose command line it is; server/main.mjs under the Node of this test otherwise. */
  command?: [string, ...string[]]
  /** When to end it at the latest; with the test otherwise. */
  atEnd?: (end: () => void) => void
}

export interface PantheonProcess {
  pid: number
  stdout(): string
  stderr(): string
  /** Waits until the start-up block was printed, and answers with the address in it. */
  address(): Promise<string>
  /** A line of the start-up block, without its name. */
  said(name: string): string | undefined
  /** Sends the signal; answers with the exit code, or null after a signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
  exitCode: Promise<number | null>
}

/** The real program as a child of its own. */
export function startPantheon(surroundings: Surroundings, ...args: string[]): PantheonProcess {
  const child = spawnPantheon(surroundings, args)
  const { atEnd = onTestFinished } = surroundings
  atEnd(() => void child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', text => {
      output[stream] += text
    })
  }
  const exitCode = once(child, 'close').then(([code]) => code as number | null)
  const said = (name: string) => new RegExp(`^  ${name} +(.*)$`, 'm').exec(output.stdout)?.[1]
  return {
    pid: child.pid!,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    said,
    async address() {
      await vi.waitUntil(() => said('limits') !== undefined || child.exitCode !== null, PATIENCE)
      return said('address') ?? expect.fail(`it ended with ${child.exitCode}: ${output.stderr}`)
    },
    end(signal) {
      child.kill(signal)
      return exitCode
    },
    exitCode,
  }
}

export interface Finished {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a command to its end. `input` is its standard input, which is empty otherwise. */
export async function runPantheon(surroundings: Surroundings, args: string[], input = ''): Promise<Finished> {
  const child = spawnPantheon(surroundings, args)
  const exited = once(child, 'close')
  child.stdin.on('error', () => undefined).end(input)
  const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map(async stream => (await stream.toArray()).join('')))
  const [code] = (await exited) as [number | null]
  return { code, stdout: stdout!, stderr: stderr! }
}

function spawnPantheon({ folder, environment, command }: Surroundings, args: string[]): ChildProcessWithoutNullStreams {
  const [file, ...first] = command ?? [process.execPath, ...ENDING_WITH_THIS, ...AS_STARTED, MAIN]
  // Nothing of the developer's own environment, which may hold keys.
  const { PATH = '', HOME = folder } = process.env
  const given = { PATH, HOME, PANTHEON_DATA_DIR: path.join(folder, 'data') }
  const env = { ...given, PORT: '0', LOG_LEVEL: 'warn', ...environment }
  return spawn(file, [...first, ...args], { cwd: folder, env })
}

/** Calls the account library. */
export const postAccounts = (address: string, call: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${address}/api/auth${call}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

export const signUp = (address: string, email: string, more: Record<string, string> = {}): Promise<Response> =>
  postAccounts(address, '/sign-up/email', { email, password: PASSWORD, name: 'Ada', ...more })

/** A client of the API with the token of whoever has this password. */
export async function signIn(address: string, email: string, password = PASSWORD): Promise<Client> {
  const session = await postAccounts(address, '/sign-in/email', { email, password })
  expect(session.status, 'the status of the sign-in').toBe(200)
  const { token: sessionToken, user } = (await session.json()) as { token: string; user: { id: string } }
  const answer = await fetch(`${address}/api/auth/token`, { headers: { authorization: `Bearer ${sessionToken}` } })
  const { token } = (await answer.json()) as { token: string }
  return createClient(address, user.id, token)
}

/** The account that is made first, signed in. */
export async function firstOwner(address: string, email = 'ada@example.org'): Promise<Client> {
  expect((await signUp(address, email)).status, 'the status of the sign-up').toBe(200)
  return await signIn(address, email)
}

/** The path of the turns of a new session with a new agent. */
export async function newConversation(client: Client): Promise<string> {
  const agent = await client.post('/agents', { agent_key: 'sage', name: 'Sage', model_alias: 'deepseek' })
  const session = await client.post(`/agents/${agent.body.id}/sessions`)
  return `/sessions/${session.body.id}/turns`
}
