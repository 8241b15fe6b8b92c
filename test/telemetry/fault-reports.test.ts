import { afterAll, describe, expect, test } from 'vitest'
import { scrubbedText } from '../../server/telemetry/scrubbed-text.ts'
import { startChildProgram } from '../child-program.ts'
import { useTestDatabase } from '../database.ts'
import { createClient, tokenFor } from '../program.ts'
import { startSentryIngest } from './sentry-ingest.ts'

const SECRET = 'words-of-mine-that-stay-here'
const ingest = await startSentryIngest()
const database = await useTestDatabase()
const program = await startChildProgram({
  DATABASE_URL: database.url,
  SENTRY_DSN: ingest.dsn,
  SENTRY_TRACES_SAMPLE_RATE: '1',
  LOG_LEVEL: 'error',
})
afterAll(ingest.close)
const token = await tokenFor('ada-id', 'ada@example.com')
const ada = createClient(program.address, 'ada-id', token)

/** The report of a fault of ours that the request runs into. */
async function faultOf(spoil: string, mend: string, request: () => Promise<{ status: number; headers: Headers }>) {
  await database.pool.query(spoil)
  const answer = await request()
  expect(answer.status).toBe(500)
  const traceId = answer.headers.get('x-trace-id')!
  await expect.poll(() => ingest.events.some(({ tags }) => tags?.trace_id === traceId), { timeout: 10_000 }).toBe(true)
  await database.pool.query(mend)
  return ingest.events.find(({ tags }) => tags?.trace_id === traceId)!
}

describe('a fault', () => {
  test('is reported with where it was and whose request it met, and says nothing of what was sent', async () => {
    await ada.get('/auth/me')
    const event = await faultOf('alter table rooms rename column goal to aim', 'alter table rooms rename column aim to goal', () =>
      ada.post(`/rooms?${SECRET}=1`, { name: SECRET, goal: SECRET }, { 'x-trace-id': 'trace-of-the-test' }),
    )
    expect(event).toMatchObject({
      environment: 'test',
      tags: { trace_id: 'trace-of-the-test', logged_as: 'internal error' },
      exception: { values: [{ type: 'error', value: expect.stringMatching(/^SQLSTATE 42703/) }] },
    })
    expect(event.release).toMatch(/^pantheon@\d/)
    expect(event.exception!.values[0]!.stacktrace!.frames.some(({ filename }) => filename.includes('server/'))).toBe(true)
    for (const member of ['request', 'breadcrumbs', 'extra', 'contexts', 'server_name']) expect(event).not.toHaveProperty(member)
  })

  test('does not carry the values that a database puts into its words', async () => {
    const event = await faultOf(
      `create function complain() returns trigger language plpgsql as $$ begin raise exception 'cannot take %', new.name; end $$;
       create trigger complain before insert on rooms for each row execute function complain()`,
      'drop trigger complain on rooms; drop function complain()',
      () => ada.post('/rooms', { name: SECRET }),
    )
    expect(event.exception!.values[0]!.value).toBe('SQLSTATE P0001')
  })

  test('leaves out secrets wherever they were', () => {
    const all = ingest.bodies.join('\n')
    for (const secret of [SECRET, token, 'ada@example.com', database.url]) expect(all).not.toContain(secret)
  })
})

test('a refusal is no fault, and its time is told like that of any request, in the trace that its X-Trace-ID names', async () => {
  const before = ingest.events.length
  const traceId = '0190b6f0-1c3e-7abc-8def-0123456789ab'
  expect((await ada.get(`/rooms/${SECRET}`, { 'x-trace-id': traceId })).status).toBe(404)
  const named = () => ingest.spans.filter(({ name }) => name === 'GET /api/v1/rooms/:room_id')
  await expect.poll(() => named().length, { timeout: 15_000 }).toBe(1)
  expect(named()[0]!.trace_id).toBe(traceId.replaceAll('-', ''))
  expect(ingest.events.length).toBe(before)
  expect(ingest.bodies.join('\n')).not.toContain(SECRET)
})

test.each([
  [`invalid input syntax for type uuid: "${SECRET}"`, 'invalid input syntax for type uuid: "…"'],
  [`Unexpected token 'h', "${SECRET}" is not valid JSON`, `Unexpected token 'h', "…" is not valid JSON`],
  [`Unexpected token 'h', "${SECRET}`, `Unexpected token 'h', "…"`],
  // What is quoted may hold quotes itself.
  [`Unexpected token 'x', ..."ssword": "${SECRET}", x"... is not valid JSON`, `Unexpected token 'x', ..."…"`],
  [`the model said "a" and "b, and then ${SECRET}`, 'the model said "…"'],
  [`no handler for \`a\` of \`${SECRET}\` here`, 'no handler for `…` here'],
  ['connect ECONNREFUSED postgres://ada:secret@db.example:5432/x?y=z', 'connect ECONNREFUSED [address]'],
  [`authorization: Bearer ${token}`, 'authorization: [token]'],
  [`got ${token}`, 'got [token]'],
  ['no mailbox ada@example.com here', 'no mailbox [address] here'],
  ['key pantheon_0123456789abcdef0123456789abcdef0123456789abcdef', 'key [key]'],
  ['the module server/usecases/create-room.ts has no export', 'the module server/usecases/create-room.ts has no export'],
])('%s is told as %s', (text, told) => {
  expect(scrubbedText(text)).toBe(told)
})
