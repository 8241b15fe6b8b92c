import { describe, expect, test } from 'vitest'
import { type AccountServer, cookiesOf, PASSWORD, readJson, startAccountServer, startOn } from '../accounts/account-server.ts'
import { pairedTimes } from './paired-times.ts'

const LONG = process.env.PANTHEON_LONG === '1'

const GUESSES = LONG ? 1_000 : 200
const ADDRESSES = 50
/** At each server. Its pool opens a connection for each, and on a busy machine those that come after too many of them are told to come again. */
const AT_ONCE = 4
const WRONG = 'wrong horse battery'

const signIn = (
  server: AccountServer,
  email: string,
  password: string,
  more: { address?: string; headers?: Record<string, string> } = {},
) => server.call('/sign-in/email', { ...more, body: { email, password } })
const addressOf = (number: number) => `198.51.100.${number % ADDRESSES}`

/** How many of the answers looked at the password. */
async function guess(servers: AccountServer[], email: string, count: number): Promise<number> {
  let evaluated = 0
  const atOnce = AT_ONCE * servers.length
  for (let start = 0; start < count; start += atOnce) {
    const answers = await Promise.all(
      Array.from({ length: Math.min(atOnce, count - start) }, (_, offset) =>
        signIn(servers[offset % servers.length]!, email, WRONG, { address: addressOf(start + offset) }),
      ),
    )
    for (const { status, headers } of answers) {
      expect([401, 429]).toContain(status)
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      if (status === 401) evaluated += 1
    }
  }
  return evaluated
}

describe('guesses from fifty addresses at two servers', () => {
  test('are looked at ten times in an hour, and the owner is let in by a device that was in before', async () => {
    const first = await startAccountServer()
    const second = await startOn(first.database)
    const device = cookiesOf(await first.signUp('ada@example.org'))
    expect(device).toContain('pantheon.device=')
    expect(await guess([first, second], 'Ada@Example.org', GUESSES)).toBe(10)
    const stranger = await signIn(second, 'ada@example.org', PASSWORD)
    expect(stranger.status).toBe(429)
    expect(await readJson(stranger)).toMatchObject({ code: 'rate_limited', detail: 'rate limit exceeded' })
    expect(Number(stranger.headers.get('retry-after'))).toBeGreaterThan(3_000)
    const deviceAlone = device.split('; ').find(pair => pair.includes('pantheon.device='))!
    const known = await signIn(second, 'ada@example.org', PASSWORD, {
      headers: { cookie: deviceAlone, origin: 'https://pantheon.example' },
    })
    expect(known.status).toBe(200)
    expect((await readJson(known)).user).toMatchObject({ email: 'ada@example.org' })
  })

  test('are looked at anew when an hour has passed', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    expect(await guess([server], 'ada@example.org', 20)).toBe(10)
    await server.database.pool.query(`update attempts set tried_at = array(select at - interval '1 hour' from unnest(tried_at) as at)`)
    expect(await guess([server], 'ada@example.org', 20)).toBe(10)
  })
})

describe('a device that was in before', () => {
  const deviceOf = async (server: AccountServer, email: string) => {
    const cookies = cookiesOf(await server.signUp(email)).split('; ')
    return { cookie: cookies.find(pair => pair.includes('pantheon.device='))!, origin: 'https://pantheon.example' }
  }

  test('has ten guesses of its own and no more', async () => {
    const server = await startAccountServer()
    const headers = await deviceOf(server, 'ada@example.org')
    await guess([server], 'ada@example.org', 20)
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1) statuses.push((await signIn(server, 'ada@example.org', WRONG, { headers })).status)
    // The limit per address, ten a minute, is met at the same time as the limit per device.
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
  })

  test('is a stranger to every other account, and so is a mark that somebody made or changed', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    const mallory = await deviceOf(server, 'mallory@example.org')
    await guess([server], 'ada@example.org', 20)
    const [name = '', mark = ''] = mallory.cookie.split('=')
    const [, id, until, signature] = mark.split('.')
    const account = server.accounts.knownAccount((await deviceOf(await startAccountServer(), 'ada@example.org')).cookie)
    const forged = [account, id, until, signature].join('.')
    // As many characters as a signature has, and more bytes.
    const notOurs = `a.b.9999999999999.${'x'.repeat(42)}%C3%A9`
    for (const cookie of [mallory.cookie, `${name}=${forged}`, `${name}=x.y.z`, `${name}=${notOurs}`])
      expect((await signIn(server, 'ada@example.org', PASSWORD, { headers: { ...mallory, cookie } })).status).toBe(429)
  })

  test('is let in although its neighbours behind the same address have used up its tries', async () => {
    const server = await startAccountServer()
    const headers = await deviceOf(server, 'ada@example.org')
    const address = '203.0.113.9'
    for (let tries = 0; tries < 12; tries += 1) await signIn(server, `nobody${tries}@example.org`, WRONG, { address })
    expect((await signIn(server, 'ada@example.org', PASSWORD, { address })).status).toBe(429)
    expect((await signIn(server, 'ada@example.org', PASSWORD, { address, headers })).status).toBe(200)
  })
})

test('whoever knows the password is counted no guess', async () => {
  const server = await startAccountServer()
  await server.signUp('ada@example.org')
  for (let times = 0; times < 15; times += 1) expect((await signIn(server, 'ada@example.org', PASSWORD)).status).toBe(200)
})

test('one IPv6 network is one address', async () => {
  const server = await startAccountServer()
  const statuses = []
  for (let tries = 0; tries < 12; tries += 1)
    statuses.push((await signIn(server, `nobody${tries}@example.org`, WRONG, { address: `2001:db8:7:7::${tries + 1}` })).status)
  expect(statuses).toEqual([...Array(10).fill(401), 429, 429])
})

describe('an address without an account', () => {
  const shapeOf = async (response: Response) => {
    const body = await readJson(response)
    delete body.trace_id
    const kept = ['content-type', 'content-length', 'cache-control', 'set-cookie']
    return { status: response.status, body, headers: kept.map(name => response.headers.get(name)) }
  }

  test('gets the answers of one that has one, refusals included', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    for (let tries = 0; tries < 12; tries += 1) {
      const [known, unknown] = [await signIn(server, 'ada@example.org', WRONG), await signIn(server, 'bob@example.org', WRONG)]
      const [left, right] = [await shapeOf(known), await shapeOf(unknown)]
      const wait = 'retry_after_seconds'
      if (tries >= 10) expect(Math.abs(Number(left.body[wait]) - Number(right.body[wait]))).toBeLessThan(30)
      delete left.body[wait]
      delete right.body[wait]
      expect({ ...left, headers: left.status === 429 ? [] : left.headers }).toEqual({
        ...right,
        headers: right.status === 429 ? [] : right.headers,
      })
    }
  })

  test('costs the same work', async () => {
    const server = await startAccountServer()
    await server.signUp('ada@example.org')
    const cpuOf = async (email: string) => {
      const before = process.cpuUsage()
      for (let tries = 0; tries < 5; tries += 1) expect((await signIn(server, email, WRONG)).status).toBe(401)
      return process.cpuUsage(before).user
    }
    await cpuOf('nobody@example.org')
    const [known, unknown] = [await cpuOf('ada@example.org'), await cpuOf('bob@example.org')]
    // Who is known shows by a tenth of the work where no password is hashed for the unknown.
    expect(unknown / known).toBeGreaterThan(0.5)
    expect(unknown / known).toBeLessThan(2)
  })

  test.runIf(LONG)('takes as long, within a tenth of the median', { timeout: 600_000 }, async () => {
    const server = await startAccountServer()
    for (let number = 0; number < 30; number += 1) await server.signUp(`known${number}@example.org`)
    const times = await pairedTimes(260, async (kind, pair) => {
      const name = kind === 'known' ? 'known' : 'nobody'
      expect((await signIn(server, `${name}${pair % 30}@example.org`, WRONG)).status).toBe(401)
    })
    console.info('sign-in, ms:', times)
    expect(Math.abs(times.difference)).toBeLessThan(0.1)
  })
})
