import { SignJWT } from 'jose'
import { pino } from 'pino'
import { afterAll } from 'vitest'
import { readConfig } from '../server/config.ts'
import { type ServingProgram, serve } from '../server/program/serve.ts'
import { type TestDatabase, useTestDatabase } from './database.ts'
import { type ReadEvent, readEvents } from './event-reader.ts'
import { type ModelEndpoint, startModelEndpoint } from './model-endpoint.ts'

/** Signs the tokens of test users, as a Supabase project would. */
export const JWT_SECRET = 'a secret of the tests that is long enough'

export interface Answer {
  status: number
  headers: Headers
  // Whatever the server said; the test asserts what it is.
  // biome-ignore lint/suspicious/noExplicitAny: answers are examined, not trusted
  body: any
}

export interface Client {
  userId: string
  token: string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** Opens a stream; events come as they arrive. */
  stream(path: string, body: unknown, options?: { signal?: AbortSignal; headers?: Record<string, string> }): Promise<StreamAnswer>
  follow(path: string, options?: { signal?: AbortSignal; headers?: Record<string, string> }): Promise<StreamAnswer>
}

export interface StreamAnswer {
  status: number
  headers: Headers
  events(): AsyncGenerator<ReadEvent>
  /** All events to the end. */
  all(): Promise<ReadEvent[]>
  /** What was said instead of a stream. */
  text(): Promise<string>
}

export interface TestProgram {
  address: string
  database: TestDatabase
  endpoint: ModelEndpoint
  program: ServingProgram
  /** A user who has been seen once, so that the wallet exists. */
  user(name: string): Promise<Client>
  anonymous: Client
}

/** The real program on a database of its own, with a scripted model endpoint behind OpenRouter's aliases. Stopped after the file's last test. */
export async function useProgram(environment: Record<string, string> = {}): Promise<TestProgram> {
  const database = await useTestDatabase()
  const endpoint = await startModelEndpoint()
  const program = await startProgram({ DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, ...environment })
  afterAll(async () => {
    await program.stop()
    await endpoint.close()
  })
  const { address } = program
  return {
    address,
    database,
    endpoint,
    program,
    async user(name) {
      const userId = `${name}-id`
      const client = createClient(address, userId, await tokenFor(userId, `${name}@example.com`))
      await client.get('/auth/me')
      return client
    },
    anonymous: createClient(address, '', ''),
  }
}

export async function startProgram(environment: Record<string, string>, say: (text: string) => void = () => {}): Promise<ServingProgram> {
  const reading = readConfig({
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    SUPABASE_JWT_SECRET: JWT_SECRET,
    SIGNUP_GRANT_CREDITS: '100',
    SHUTDOWN_GRACE_SECONDS: '1',
    RATE_LIMIT_TURNS_PER_MINUTE: '100000',
    RATE_LIMIT_TURNS_PER_HOUR: '100000',
    LOG_LEVEL: 'silent',
    ...environment,
  })
  if (reading.kind === 'wrong') throw new Error(reading.problems.join('; '))
  return await serve(reading.config, '0.0.0-test', pino({ level: reading.config.LOG_LEVEL }), say)
}

export const tokenFor = (userId: string, email: string, claims: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ email, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience('authenticated')
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(JWT_SECRET))

export function createClient(address: string, userId: string, token: string): Client {
  const headersOf = (extra: Record<string, string> = {}): Record<string, string> => ({
    ...(token !== '' && { authorization: `Bearer ${token}` }),
    ...extra,
  })
  const send = async (method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> => {
    const response = await fetch(urlOf(address, path), {
      method,
      headers: headersOf({ ...(body !== undefined && { 'content-type': 'application/json' }), ...headers }),
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: /\bapplication\/(problem\+)?json\b/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text,
    }
  }
  const openStream = async (
    method: string,
    path: string,
    body: unknown,
    options: { signal?: AbortSignal; headers?: Record<string, string> } = {},
  ) => {
    const response = await fetch(urlOf(address, path), {
      method,
      headers: headersOf({ ...(body !== undefined && { 'content-type': 'application/json' }), ...options.headers }),
      body: body === undefined ? null : JSON.stringify(body),
      signal: options.signal ?? null,
    })
    return {
      status: response.status,
      headers: response.headers,
      events: () => readEvents(response.body!),
      all: () => Array.fromAsync(readEvents(response.body!)),
      text: () => response.text(),
    }
  }
  return {
    userId,
    token,
    get: (path, headers) => send('GET', path, undefined, headers),
    send,
    post: (path, body, headers) => send('POST', path, body, headers),
    stream: (path, body, options) => openStream('POST', path, body, options),
    follow: (path, options) => openStream('GET', path, undefined, options),
  }
}

/** Paths are below /api/v1 unless they begin with `//`, which is the root. */
const urlOf = (address: string, path: string) => (path.startsWith('//') ? address + path.slice(1) : `${address}/api/v1${path}`)
