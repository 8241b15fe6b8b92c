import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { afterAll, expect } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { work } from '../../server/program/worker.ts'
import { type Answer, type Client, type TestProgram, useProgram } from '../program.ts'

export const FIXTURES = path.join(import.meta.dirname, 'fixtures')

/** Parsing shares two cores with the rest of the suite. */
export const PATIENCE = { timeout: 60_000, interval: 50 }

/** The server with a worker beside it in this process; files lie in a folder of their own. */
export async function useFileProgram(environment: Record<string, string> = {}): Promise<TestProgram & { folder: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-files-'))
  const settings = { PANTHEON_DATA_DIR: folder, ...environment }
  const program = await useProgram(settings)
  const worker = await startWorker({ DATABASE_URL: program.database.url, ...settings })
  afterAll(async () => {
    await worker.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return { ...program, folder: path.join(folder, 'files') }
}

export async function startWorker(environment: Record<string, string>) {
  const reading = readConfig({ NODE_ENV: 'test', LOG_LEVEL: 'silent', ...environment })
  if (reading.kind === 'wrong') throw new Error(reading.problems.join('; '))
  return await work(reading.config, '0.0.0-test', pino({ level: reading.config.LOG_LEVEL }), () => {})
}

/** Sends a file as a browser would. */
export async function upload(
  client: Client,
  program: { address: string },
  place: string,
  name: string,
  content: Buffer | string,
): Promise<Answer> {
  const form = new FormData()
  form.set('file', new Blob([typeof content === 'string' ? content : new Uint8Array(content)]), name)
  const response = await fetch(`${program.address}/api/v1${place}/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}` },
    body: form,
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** The raw bytes of a multipart body, for names that no browser would send. */
export async function uploadRaw(
  client: Client,
  program: { address: string },
  place: string,
  head: string,
  content: string,
): Promise<Answer> {
  const boundary = randomUUID()
  const body = Buffer.from(`--${boundary}\r\n${head}\r\n\r\n${content}\r\n--${boundary}--\r\n`)
  const response = await fetch(`${program.address}/api/v1${place}/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${client.token}`, 'content-type': `multipart/form-data; boundary=${boundary}` },
    body,
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** What parsing made of a file. */
export async function parsed(client: Client, fileId: string): Promise<Answer['body']> {
  const until = performance.now() + PATIENCE.timeout
  for (;;) {
    const { body } = await client.get(`/files/${fileId}/text`)
    if (body.parse_status !== 'pending') return body
    if (performance.now() > until) throw new Error('the file is still pending')
    await sleep(PATIENCE.interval)
  }
}

export async function newRoom(client: Client): Promise<string> {
  const room = await client.post('/rooms', { name: 'Files' })
  expect(room.status).toBe(201)
  return room.body.id
}
