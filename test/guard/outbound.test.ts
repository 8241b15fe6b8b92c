import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readIssuerDocument } from '../../server/accounts/issuer-endpoint.ts'
import { oidcIssuer, supabaseIssuers } from '../../server/accounts/token-issuers.ts'
import { readConfig } from '../../server/config.ts'
import { createS3Storage } from '../../server/files/s3-storage.ts'
import { createChatCompletions } from '../../server/llm/chat-completions.ts'
import { createOutbound, type Outbound } from '../../server/outbound/outbound.ts'
import { openStripe } from '../../server/payments/stripe.ts'
import { openOutbound } from '../../server/program/outbound-access.ts'
import { createSearxng } from '../../server/tools/searxng.ts'
import { createTavily } from '../../server/tools/tavily.ts'
import { PATIENT, request } from '../llm/provider-trial.ts'
import { createHostileResolver, HOSTS, setTrap, type Trap } from './hostile-urls.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-outbound-'))
const stored = path.join(folder, 'stored.txt')
writeFileSync(stored, 'stored')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let trap: Trap
const ways: Outbound[] = []
beforeEach(async () => {
  trap = await setTrap()
})
afterEach(async () => {
  await Promise.all(ways.splice(0).map(way => way.close()))
  await trap.close()
})

function wayOut(options: Partial<Parameters<typeof createOutbound>[0]> = {}): Outbound {
  const way = createOutbound({
    trustedOrigins: [],
    allowPrivate: false,
    connectMs: 300,
    resolve: createHostileResolver().resolve,
    ...options,
  })
  ways.push(way)
  return way
}

const signal = () => AbortSignal.timeout(5_000)
const log = { warn: () => undefined }
const s3 = { bucket: 'bucket', region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret' }
const searched = (outcome: { kind: string }) => {
  if (outcome.kind === 'failed') throw new Error('failed')
}
const header = { alg: 'ES256', kid: 'a' }

/** Everything that goes out, given an address; rejects when it comes to nothing. */
const doors: Record<string, (base: string, way: Outbound) => Promise<unknown>> = {
  Tavily: async (base, way) => searched(await createTavily({ baseUrl: base, apiKey: 'key' }, way).search('x', signal())),
  SearXNG: async (base, way) => searched(await createSearxng({ baseUrl: base }, way).search('x', signal())),
  'a model': async (base, way) => {
    const provider = createChatCompletions({ baseUrl: base, apiKey: 'key', flavour: 'openai', timeouts: PATIENT, outbound: way })
    const attempt = await provider.attempt(request(), () => undefined, signal())
    if (attempt.failure) throw new Error(attempt.failure.message)
  },
  'an issuer': (base, way) => readIssuerDocument(way, base),
  'the keys of an OpenID issuer': async (base, way) => oidcIssuer({ issuer: base, audience: 'a' }, way).key(header, {} as never),
  'the keys of Supabase': async (base, way) =>
    supabaseIssuers({ url: base, jwtSecrets: [] }, way)[0]!.key({ ...header, alg: 'ES256' }, {} as never),
  'S3, reading': (base, way) => createS3Storage({ ...s3, endpoint: base }, way).get('key'),
  'S3, writing': (base, way) => createS3Storage({ ...s3, endpoint: base }, way).put('key', stored, 'text/plain'),
  Stripe: async (base, way) => {
    const stripe = await openStripe({ secretKey: 'sk_test_0123456789', webhookSecrets: ['whsec_0123456789'], apiBase: base }, way, log)
    return stripe.createIntent({ userId: 'u', cents: 100, currency: 'usd', credits: '1', idempotencyKey: 'k' } as never)
  },
}
const names = Object.keys(doors)
const through = (door: string, base: string, way: Outbound) => doors[door]!(base, way)
const isUrl = (url: string) => URL.canParse(url)

describe('sixty hostile addresses', () => {
  test('are as many as they say, and are addresses', () => {
    const urls = HOSTS.map(host => `http://${host}:${trap.port}`)
    expect(urls.filter(isUrl).length).toBeGreaterThan(58)
    expect(new Set(HOSTS).size).toBe(HOSTS.length)
  })

  test.each(names)('lead nowhere through %s', { timeout: 120_000 }, async door => {
    const way = wayOut()
    for (let round = 0; round < 2; round += 1) {
      const outcomes = await Promise.allSettled(HOSTS.map(host => through(door, `http://${host}:${trap.port}`, way)))
      expect(HOSTS.filter((_, index) => outcomes[index]!.status === 'fulfilled')).toEqual([])
      expect(trap.caught).toBe(0)
    }
  })

  test.each(names)('would have been caught: the trap is set for %s', async door => {
    await through(door, `http://127.0.0.1:${trap.port}`, wayOut({ allowPrivate: true })).catch(() => undefined)
    expect(trap.caught).toBeGreaterThan(0)
  })

  test('are refused because of where they lead, by every scheme, and not because nobody is there', async () => {
    const way = wayOut()
    const others = ['nothing.example', 'rebinding.example', ...HOSTS.filter(host => !isUrl(`http://${host}`))]
    for (const scheme of ['http', 'https'])
      for (const host of HOSTS.filter(each => !others.includes(each)))
        await expect(way.request(`${scheme}://${host.split('@').at(-1)}:${trap.port}`, { method: 'GET' }), host).rejects.toMatchObject({
          code: 'OUTBOUND_PRIVATE_ADDRESS',
        })
    for (const url of ['file:///etc/passwd', `gopher://127.0.0.1:${trap.port}`, `ftp://127.0.0.1:${trap.port}`])
      await expect(way.request(url, { method: 'GET' })).rejects.toThrow()
    expect(trap.caught).toBe(0)
  })
})

describe('a name that changes its answer', () => {
  test('is connected to where it was looked at, and looked at again for the next connection', async () => {
    const { resolve, asked } = createHostileResolver()
    const way = wayOut({ resolve })
    const get = () => way.request(`http://rebinding.example:${trap.port}`, { method: 'GET', signal: signal() })
    // Somewhere on the internet, where nobody is.
    await expect(get()).rejects.not.toMatchObject({ code: 'OUTBOUND_PRIVATE_ADDRESS' })
    await expect(get()).rejects.toMatchObject({ code: 'OUTBOUND_PRIVATE_ADDRESS' })
    expect(asked).toEqual(['rebinding.example', 'rebinding.example'])
    expect(trap.caught).toBe(0)
  })
})

describe('a redirect', () => {
  /** A server that the operator has named and that somebody else has taken over. */
  async function startRedirecting(location: () => string, status = 302) {
    const server = createServer((_request, response) => response.writeHead(status, { location: location() }).end())
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { origin, close: () => new Promise<void>(resolve => server.close(() => resolve()).closeAllConnections()) }
  }

  test.each(names)('of a trusted server leads %s nowhere', { timeout: 120_000 }, async door => {
    for (const status of [301, 302, 307, 308]) {
      let target = ''
      const server = await startRedirecting(() => target, status)
      const way = wayOut({ trustedOrigins: [server.origin] })
      for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f000001', '169.254.169.254', 'loopback.example']) {
        target = `http://${host}:${trap.port}/`
        await expect(through(door, server.origin, way)).rejects.toThrow()
      }
      await server.close()
    }
    expect(trap.caught).toBe(0)
  })

  test('is followed by what follows redirects: those who do are checked, not spared', async () => {
    const server = await startRedirecting(() => `http://127.0.0.1:${trap.port}/`)
    await expect(wayOut({ trustedOrigins: [server.origin] }).fetch(server.origin)).rejects.toMatchObject({
      cause: { code: 'OUTBOUND_PRIVATE_ADDRESS' },
    })
    expect((await wayOut({ allowPrivate: true }).fetch(server.origin)).status).toBe(200)
    expect(trap.caught).toBe(1)
    await server.close()
  })
})

test('the keys that an issuer points to are elsewhere than in our network', async () => {
  let target = ''
  const server = createServer((_request, response) => response.end(JSON.stringify({ issuer: origin, jwks_uri: target })))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (const host of HOSTS) {
    target = `http://${host}:${trap.port}/keys`
    const { key } = oidcIssuer({ issuer: origin, audience: 'a' }, wayOut({ trustedOrigins: [origin] }))
    await expect(key(header, {} as never), host).rejects.toMatchObject({ code: 'unavailable' })
  }
  expect(trap.caught).toBe(0)
  await new Promise(resolve => server.close(resolve).closeAllConnections())
})

describe('the operator', () => {
  const open = (environment: Record<string, string>) => {
    const reading = readConfig(environment)
    if (reading.kind === 'wrong') throw new Error(reading.problems.join())
    const way = openOutbound(reading.config)
    ways.push(way)
    return way
  }
  const reach = (way: Outbound, host = '127.0.0.1') => way.request(`http://${host}:${trap.port}`, { method: 'GET', signal: signal() })

  test.each(['OPENAI_BASE_URL', 'OPENROUTER_BASE_URL', 'SEARXNG_BASE_URL', 'TAVILY_BASE_URL', 'OIDC_ISSUER'])(
    'may name a server of this machine in %s, and only that one opens',
    async name => {
      const way = open({ [name]: `http://127.0.0.1:${trap.port}/v1`, OIDC_AUDIENCE: 'a' })
      expect((await reach(way)).statusCode).toBe(200)
      await expect(reach(way, 'localhost')).rejects.toMatchObject({ code: 'OUTBOUND_PRIVATE_ADDRESS' })
      const another = await setTrap()
      await expect(way.request(`http://127.0.0.1:${another.port}`, { method: 'GET' })).rejects.toMatchObject({
        code: 'OUTBOUND_PRIVATE_ADDRESS',
      })
      await another.close()
    },
  )

  test('may open everything by OUTBOUND_ALLOW_PRIVATE', async () => {
    expect((await reach(open({ OUTBOUND_ALLOW_PRIVATE: 'true' }))).statusCode).toBe(200)
    await expect(reach(open({}))).rejects.toMatchObject({ code: 'OUTBOUND_PRIVATE_ADDRESS' })
  })
})
