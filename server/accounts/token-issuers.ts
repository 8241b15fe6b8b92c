import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import type { Outbound } from '../outbound/outbound.ts'
import { readIssuerDocument } from './issuer-endpoint.ts'
import { createKeySet } from './key-set.ts'

/** One way a token may have been signed, and what it must then say. Algorithms are pinned here, never taken from the token. */
export interface TokenIssuer {
  /** Null only for a shared secret whose project is not named: then no `iss` is asked for. */
  issuer: string | null
  audience: string
  algorithms: string[]
  key: JWTVerifyGetKey
  /** Its `sid` names a session in our own database. */
  hasOurSessions: boolean
}

export interface LocalIssuerOptions {
  jwks: JWTVerifyGetKey
  issuer: string
  audience: string
}

export interface SupabaseOptions {
  /** The project's address; its issuer and its keys follow from it. */
  url: string | null
  /** The legacy HS256 secrets: none, one, or two during a rotation. */
  jwtSecrets: string[]
}

export interface OidcOptions {
  issuer: string
  audience: string
}

const COOLDOWN_MS = 5_000

export const localIssuer = ({ jwks, issuer, audience }: LocalIssuerOptions): TokenIssuer => ({
  issuer,
  audience,
  algorithms: ['EdDSA'],
  key: jwks,
  hasOurSessions: true,
})

/**
 * A project's signed-in users have the audience `authenticated`. With a secret but no URL there is no issuer to hold a token against,
 * so that the secret and the audience alone decide; setting SUPABASE_URL as well is better.
 */
export function supabaseIssuers({ url, jwtSecrets }: SupabaseOptions, outbound: Outbound): TokenIssuer[] {
  const issuer = url === null ? null : `${url.replace(/\/+$/, '')}/auth/v1`
  const common = { issuer, audience: 'authenticated', hasOurSessions: false }
  const shared = jwtSecrets.map(secret => ({ ...common, algorithms: ['HS256'], key: secretKey(secret) }))
  if (issuer === null) return shared
  const read = () => readKeys(outbound, `${issuer}/.well-known/jwks.json`)
  return [...shared, { ...common, algorithms: ['RS256', 'ES256'], key: createKeySet({ read, cooldownMs: COOLDOWN_MS }) }]
}

function secretKey(secret: string): JWTVerifyGetKey {
  const bytes = new TextEncoder().encode(secret)
  return async () => bytes
}

/** Any OpenID Connect issuer, by its discovery document (OpenID Connect Discovery 1.0, section 4). */
export function oidcIssuer({ issuer, audience }: OidcOptions, outbound: Outbound): TokenIssuer {
  const read = async () => readKeys(outbound, await discoverKeysAddress(outbound, issuer))
  return {
    issuer,
    audience,
    algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
    key: createKeySet({ read, cooldownMs: COOLDOWN_MS }),
    hasOurSessions: false,
  }
}

async function discoverKeysAddress(outbound: Outbound, issuer: string): Promise<string> {
  const document = (await readIssuerDocument(outbound, `${issuer.replace(/\/+$/, '')}/.well-known/openid-configuration`)) as Record<
    string,
    unknown
  > | null
  if (document?.issuer !== issuer) throw new Error(`the discovery document of ${issuer} names the issuer ${String(document?.issuer)}`)
  const address = String(document.jwks_uri)
  if (issuer.startsWith('https:') && !address.startsWith('https:')) throw new Error(`the keys of ${issuer} are not served over https`)
  return address
}

const readKeys = async (outbound: Outbound, url: string) => (await readIssuerDocument(outbound, url)) as JSONWebKeySet
