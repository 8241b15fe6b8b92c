import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { type ChildProgram, startChildProgram } from '../child-program.ts'
import { newCouncil } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { createClient, tokenFor } from '../program.ts'
import { eventually } from '../redis.ts'
import { WITHOUT_LIMITS } from './surroundings.ts'

// Whatever somebody sends, nobody else waits for it.

/** 50 for the machine that does nothing else. Beside the rest of the suite, on a slow one, what grows faster than its input still takes seconds. */
const HELD_MS = process.env.PANTHEON_LONG ? 50 : 200
/** The largest body is 1 MiB. */
const LARGE = 1_000_000

const database = await useTestDatabase()
const NODE_OPTIONS = `--import=${pathToFileURL(path.join(import.meta.dirname, 'loop-report.mjs')).href}`
const server = await startChildProgram({ DATABASE_URL: database.url, ...WITHOUT_LIMITS, NODE_OPTIONS })
// Who is known by Supabase's tokens cannot sign in here.
const withAccounts = await startChildProgram({
  DATABASE_URL: (await useTestDatabase()).url,
  SUPABASE_JWT_SECRET: '',
  AUTH_SECRET: 'a secret that is long enough',
  TRUST_PROXY: 'loopback',
  NODE_OPTIONS,
})
const ada = createClient(server.address, 'ada', await tokenFor('ada', 'ada@example.com'))
const { turns, sessionId } = await newCouncil(ada, 'manual', [{ key: 'sage', name: 'Sage' }])

/** The longest round of either's event loop while it is done. */
async function longestRoundDuring(work: () => Promise<unknown>): Promise<number> {
  const servers = [server, withAccounts]
  await Promise.all(servers.map(each => signalled(each, '{"measuring"')))
  await work()
  const reports = await Promise.all(servers.map(each => signalled(each, '{"longestMs"')))
  return Math.max(...reports.map(report => JSON.parse(report).longestMs))
}

/** What it says to the signal. */
async function signalled({ child, logged }: ChildProgram, beginning: string): Promise<string> {
  const from = logged.length
  const report = () => logged.slice(from).find(line => line.startsWith(beginning))
  child.kill('SIGUSR2')
  await eventually(() => report() !== undefined)
  return report()!
}

let clients = 0
/** From an address of its own, so that no limit is met. */
async function signIn(type: string, body: string): Promise<void> {
  clients += 1
  const headers = { 'content-type': type, 'x-forwarded-for': `198.51.100.${clients}` }
  const answer = await fetch(`${withAccounts.address}/api/auth/sign-in/email`, { method: 'POST', headers, body })
  expect([400, 401, 415, 422]).toContain(answer.status)
  await answer.text()
}

const filled = (part: string) => part.repeat(Math.floor(LARGE / Buffer.byteLength(JSON.stringify(part).slice(1, -1))))

const members = `{${Array.from({ length: 60_000 }, (_, index) => `"m${index}":1`).join(',')}}`

const requests: Record<string, () => Promise<unknown>> = {
  'a message of tags': () => ada.post(turns, { message: filled('@sage ') }),
  'a message of at signs': () => ada.post(turns, { message: filled('@') }),
  'a message of Chinese': () => ada.post(turns, { message: filled('我') }),
  'a message of emoji': () => ada.post(turns, { message: `@sage ${filled('😀')}` }),
  'a message of line breaks': () => ada.post(turns, { message: `@sage ${filled('\n')}x` }),
  'a message of lines that begin another part': () => ada.post(turns, { message: `@sage ${filled('\nSage:')}` }),
  'an estimate of a large message': () => ada.post(`/sessions/${sessionId}/estimate`, { message: `@sage ${filled('word ')}` }),
  'a role of a mebibyte': () =>
    ada.post('/agents', { agent_key: 'large', name: 'Large', model_alias: 'deepseek', role_prompt: filled('a b ') }),
  'JSON that is nested deeply': () => ada.post('/rooms', `${'['.repeat(LARGE / 2)}${']'.repeat(LARGE / 2)}`),
  'JSON of many members': () => ada.post('/rooms', members),
  'JSON of many numbers': () => ada.post('/rooms', `{"name":[${'1,'.repeat(LARGE / 2 - 20)}1]}`),
  'a number without end': () => ada.post(turns, `{"message":"@sage","max_credits":${'9'.repeat(LARGE - 100)}}`),
  'a form to sign in by': () =>
    signIn('application/x-www-form-urlencoded', Array.from({ length: 60_000 }, (_, index) => `m${index}=1`).join('&')),
  'a sign-in of many members': () => signIn('application/json', members),
  'a sign-in by an address of a mebibyte': () =>
    signIn('application/json', JSON.stringify({ email: `${'a.'.repeat(LARGE / 4)}@${'b.'.repeat(LARGE / 5)}`, password: 'x' })),
  'a sign-in by a password of a mebibyte': () =>
    signIn('application/json', JSON.stringify({ email: 'ada@example.org', password: filled('é') })),
  'a search for everything': () => ada.get(`/search?q=${'%25'.repeat(4_000)}`),
  'a token of nothing but dots': () => ada.get('/rooms', { authorization: `Bearer ${'.'.repeat(12_000)}` }),
}

test.each(Object.keys(requests))(`%s holds the event loop for no longer than ${HELD_MS} ms`, { timeout: 60_000 }, async name => {
  // The first time it is read, compiled and warmed up, too.
  await requests[name]!()
  await requests[name]!()
  const heldMs = await longestRoundDuring(requests[name]!)
  expect(heldMs).toBeGreaterThan(0)
  expect(heldMs).toBeLessThan(HELD_MS)
})
