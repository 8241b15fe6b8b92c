import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'

/** An issuer on a socket: a discovery document and keys that can be changed, withdrawn and made unreachable. */
export interface KeyServer {
  url: string
  keys: JWK[]
  /** How often the keys were fetched. */
  fetches: number
  /** The status that everything answers while it is not 200. */
  status: number
  document: Record<string, unknown>
}

export async function startKeyServer(): Promise<KeyServer> {
  const issuer: KeyServer = { url: '', keys: [], fetches: 0, status: 200, document: {} }
  const server = createServer((request, response) => {
    const isDiscovery = request.url?.endsWith('/.well-known/openid-configuration')
    if (!isDiscovery) issuer.fetches += 1
    response.writeHead(issuer.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isDiscovery ? issuer.document : { keys: issuer.keys }))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  issuer.document = { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }
  return issuer
}

export interface Signer {
  publicKey: JWK
  privateKey: CryptoKey
  alg: string
}

export async function makeSigner(alg: string, kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { publicKey: { ...(await exportJWK(publicKey)), kid, alg }, privateKey, alg }
}

export const sign = ({ publicKey, privateKey, alg }: Signer, claims: JWTPayload, header: Record<string, unknown> = {}) =>
  new SignJWT(claims).setProtectedHeader({ alg, kid: publicKey.kid!, ...header }).sign(privateKey)

export const signShared = (secret: string | Uint8Array, claims: JWTPayload, alg = 'HS256') =>
  new SignJWT(claims).setProtectedHeader({ alg }).sign(typeof secret === 'string' ? new TextEncoder().encode(secret) : secret)

export const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds
