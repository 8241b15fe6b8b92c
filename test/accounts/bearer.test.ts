import { type CryptoKey, exportSPKI, importJWK, type JWTPayload, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { createBearerVerifier } from '../../server/accounts/bearer.ts'
import { createKeySet } from '../../server/accounts/key-set.ts'
import { anywhere } from '../outbound.ts'
import { inSeconds, type KeyServer, makeSigner, type Signer, sign, signShared, startKeyServer } from './key-server.ts'

const SHARED = 'the shared secret of a project, 32 bytes or more'
const AUDIENCE = 'authenticated'

/** A Supabase project with one RS256 and one ES256 key, and a verifier for it. */
async function startProject(jwtSecrets: string[] = []) {
  const server = await startKeyServer()
  const [rs256, es256] = await Promise.all([makeSigner('RS256', 'rsa'), makeSigner('ES256', 'ec')])
  server.keys = [rs256.publicKey, es256.publicKey]
  const issuer = `${server.url}/auth/v1`
  const claims: JWTPayload = { iss: issuer, aud: AUDIENCE, sub: 'user-1', email: 'ada@example.org', exp: inSeconds(600) }
  const { verify } = createBearerVerifier({ supabase: { url: `${server.url}/`, jwtSecrets } }, anywhere)
  return { server, rs256, es256, issuer, claims, verify }
}

describe('a Supabase token', () => {
  test('is accepted when signed with RS256 or ES256 by a published key, with one fetch of the keys', async () => {
    const { server, rs256, es256, issuer, claims, verify } = await startProject()
    const expected = {
      issuer,
      subject: 'user-1',
      email: 'ada@example.org',
      emailVerified: false,
      expiresAt: claims.exp,
      issuedAt: 0,
      sessionId: null,
    }
    const tokens = await Promise.all([rs256, es256].flatMap(signer => [1, 2, 3].map(jti => sign(signer, { ...claims, jti: String(jti) }))))
    for (const verified of await Promise.all(tokens.map(verify))) expect(verified).toEqual(expected)
    for (const token of tokens) expect(await verify(token)).toEqual(expected)
    expect(server.fetches).toBe(1)
  })

  test('is refused when it is forged', async () => {
    const { server, rs256, es256, claims, verify } = await startProject([SHARED])
    const stranger = await makeSigner('RS256', 'rsa')
    const publicPem = await exportSPKI((await importJWK(rs256.publicKey, 'RS256', { extractable: true })) as CryptoKey)
    const good = await sign(rs256, claims)
    const [head = '', , signature = ''] = good.split('.')
    const raised = Buffer.from(JSON.stringify({ ...claims, sub: 'user-2' })).toString('base64url')
    const forgeries = {
      'alg none': new UnsecuredJWT(claims).encode(),
      'alg None': `${Buffer.from('{"alg":"None","kid":"rsa"}').toString('base64url')}.${good.split('.')[1]}.`,
      'a foreign key under a known id': await sign(stranger, claims),
      'HS256 with the public key as text': await signShared(publicPem, claims),
      'HS256 with the public key as JSON': await signShared(JSON.stringify(rs256.publicKey), claims),
      'HS256 with an empty secret': `${Buffer.from('{"alg":"HS256"}').toString('base64url')}.${good.split('.')[1]}.`,
      'HS512 with the shared secret': await signShared(SHARED.repeat(2), claims, 'HS512'),
      'other claims under the signature': `${head}.${raised}.${signature}`,
      'a cut signature': good.slice(0, -5),
      'no signature': `${head}.${good.split('.')[1]}.`,
      'its own key in jwk': await sign(stranger, claims, { jwk: stranger.publicKey }),
      'its own key behind jku': await sign(stranger, claims, { jku: `${server.url}/evil`, kid: 'evil' }),
      'an extension that nobody knows': `${Buffer.from('{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}').toString('base64url')}.${good.split('.')[1]}.${signature}`,
      'the algorithm of another key': await sign(es256, claims, { kid: 'rsa' }),
      garbage: 'garbage',
      'three dots': '...',
      nothing: '',
      'a JSON that is no object': `${Buffer.from('null').toString('base64url')}.${Buffer.from('null').toString('base64url')}.x`,
    }
    for (const [name, token] of Object.entries(forgeries)) expect(await verify(token), name).toBeNull()
    expect(await verify(good)).not.toBeNull()
  })

  test('is refused when it says the wrong things', async () => {
    const { rs256, claims, verify } = await startProject()
    const wrong: Record<string, JWTPayload> = {
      expired: { exp: inSeconds(-60) },
      'not yet valid': { nbf: inSeconds(60) },
      'another audience': { aud: 'anon' },
      'no audience': { aud: undefined },
      'another issuer': { iss: 'https://elsewhere.example/auth/v1' },
      'no issuer': { iss: undefined },
      'no subject': { sub: undefined },
      'an empty subject': { sub: '' },
      'a subject with a NUL': { sub: 'user\u0000' },
      'an endless subject': { sub: 'x'.repeat(256) },
      'no end': { exp: undefined },
    }
    for (const [name, claim] of Object.entries(wrong)) expect(await verify(await sign(rs256, { ...claims, ...claim })), name).toBeNull()
  })

  test('is given 30 seconds of leeway for clocks that differ', async () => {
    const { rs256, claims, verify } = await startProject()
    expect(await verify(await sign(rs256, { ...claims, exp: inSeconds(-10) }))).not.toBeNull()
    expect(await verify(await sign(rs256, { ...claims, nbf: inSeconds(20) }))).not.toBeNull()
  })

  test('may be signed by one of two shared secrets during a rotation, when there are any', async () => {
    const { claims, verify } = await startProject(['the new secret of the project, 32 bytes', SHARED])
    expect(await verify(await signShared(SHARED, claims))).toMatchObject({ subject: 'user-1' })
    expect(await verify(await signShared('the new secret of the project, 32 bytes', claims))).toMatchObject({ subject: 'user-1' })
    expect(await verify(await signShared('some other secret, 32 bytes or even more', claims))).toBeNull()
    const without = await startProject()
    expect(await without.verify(await signShared(SHARED, without.claims))).toBeNull()
  })

  test('by a shared secret alone is held against the audience, and speaks for no issuer that is configured', async () => {
    const local = { jwks: async () => new Uint8Array(32), issuer: 'local', audience: 'pantheon' }
    const { verify } = createBearerVerifier({ local, supabase: { url: null, jwtSecrets: [SHARED] } }, anywhere)
    const claims = { aud: AUDIENCE, sub: 'user-1', exp: inSeconds(600) }
    expect(await verify(await signShared(SHARED, { ...claims, iss: 'https://project.example/auth/v1' }))).toMatchObject({
      issuer: 'https://project.example/auth/v1',
    })
    expect(await verify(await signShared(SHARED, claims))).toMatchObject({ issuer: 'supabase' })
    expect(await verify(await signShared(SHARED, { ...claims, aud: 'other' }))).toBeNull()
    expect(await verify(await signShared(SHARED, { ...claims, iss: 'local' }))).toBeNull()
  })

  test('has a verified address only where the issuer says so itself', async () => {
    const { rs256, claims, verify } = await startProject()
    const verified = async (more: JWTPayload) => (await verify(await sign(rs256, { ...claims, ...more })))?.emailVerified
    expect(await verified({ email_verified: true })).toBe(true)
    expect(await verified({ user_metadata: { email_verified: true } })).toBe(false)
  })
})

describe('an OpenID Connect token', () => {
  async function startIssuer() {
    const server = await startKeyServer()
    const signers = await Promise.all(['RS256', 'PS256', 'ES256', 'EdDSA'].map(alg => makeSigner(alg, alg)))
    server.keys = signers.map(({ publicKey }) => publicKey)
    const { verify } = createBearerVerifier({ oidc: { issuer: server.url, audience: 'my-api' } }, anywhere)
    const claims: JWTPayload = { iss: server.url, aud: ['other', 'my-api'], sub: 'abc|1', exp: inSeconds(600), email_verified: true }
    return { server, signers, verify, claims }
  }

  test('is accepted by the keys that the discovery document names', async () => {
    const { server, signers, verify, claims } = await startIssuer()
    const expected = {
      issuer: server.url,
      subject: 'abc|1',
      email: null,
      emailVerified: true,
      expiresAt: claims.exp,
      issuedAt: 0,
      sessionId: null,
    }
    for (const signer of signers) expect(await verify(await sign(signer, claims)), signer.alg).toEqual(expected)
    expect(await verify(await sign(signers[0]!, { ...claims, aud: 'other' }))).toBeNull()
    expect(server.fetches).toBe(1)
  })

  test('cannot be judged while the discovery document names another issuer', async () => {
    const { server, signers, verify, claims } = await startIssuer()
    server.document.issuer = 'https://elsewhere.example'
    await expect(verify(await sign(signers[0]!, claims))).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('cannot be judged while the issuer is out of reach, which is no fault of the caller', async () => {
    const { server, signers, verify, claims } = await startIssuer()
    server.status = 500
    await expect(verify(await sign(signers[0]!, claims))).rejects.toMatchObject({
      code: 'unavailable',
      members: { retry_after_seconds: 5 },
    })
  })
})

describe('a set of keys', () => {
  const judge = async (server: KeyServer, cooldownMs: number) => {
    const read = async () => (await (await fetch(`${server.url}/keys`)).json()) as { keys: object[] }
    return createBearerVerifier({ local: { jwks: createKeySet({ read, cooldownMs }), issuer: 'local', audience: 'pantheon' } }, anywhere)
  }
  const claims = (jti: string) => ({ iss: 'local', aud: 'pantheon', sub: 'user-1', exp: inSeconds(600), jti })
  const newSigners = () => Promise.all(['one', 'two'].map(kid => makeSigner('EdDSA', kid))) as Promise<[Signer, Signer]>

  test('is read again for an unknown key id', async () => {
    const [one, two] = await newSigners()
    const server = await startKeyServer()
    server.keys = [one.publicKey]
    const { verify } = await judge(server, 0)
    expect(await verify(await sign(one, claims('a')))).not.toBeNull()
    server.keys = [one.publicKey, two.publicKey]
    expect(await verify(await sign(two, claims('b')))).not.toBeNull()
    expect(server.fetches).toBe(2)
  })

  test('is not read again for every invented key id', async () => {
    const [one, two] = await newSigners()
    const server = await startKeyServer()
    server.keys = [one.publicKey]
    const { verify } = await judge(server, 60_000)
    expect(await verify(await sign(one, claims('a')))).not.toBeNull()
    for (let count = 0; count < 20; count += 1) expect(await verify(await sign(two, claims('b'), { kid: `invented-${count}` }))).toBeNull()
    expect(server.fetches).toBe(1)
  })

  test('goes on with the keys it knows while it cannot be read, and recovers', async () => {
    const [one, two] = await newSigners()
    const server = await startKeyServer()
    server.keys = [one.publicKey]
    const { verify } = await judge(server, 0)
    expect(await verify(await sign(one, claims('a')))).not.toBeNull()
    server.keys = [one.publicKey, two.publicKey]
    server.status = 500
    const ofTwo = await sign(two, claims('b'))
    server.keys = 'no keys' as unknown as KeyServer['keys']
    await expect(verify(ofTwo)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await verify(await sign(one, claims('c')))).not.toBeNull()
    server.keys = [one.publicKey, two.publicKey]
    expect(await verify(ofTwo)).not.toBeNull()
  })
})
