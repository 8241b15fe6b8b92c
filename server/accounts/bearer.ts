import { createHash } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Outbound } from '../outbound/outbound.ts'
import {
  type LocalIssuerOptions,
  localIssuer,
  type OidcOptions,
  oidcIssuer,
  type SupabaseOptions,
  supabaseIssuers,
  type TokenIssuer,
} from './token-issuers.ts'

/** Who a token speaks for, once its signature, its times, its issuer and its audience hold. */
export interface VerifiedToken {
  issuer: string
  subject: string
  email: string | null
  /** True only when the issuer itself says so; what users can write about themselves (Supabase's user_metadata) does not count. */
  emailVerified: boolean
  /** Seconds since 1970. */
  expiresAt: number
  /** Seconds since 1970; 0 where the token does not say. */
  issuedAt: number
  /** The local account's session that the token came from; it ends with it. Sessions of other issuers are theirs. */
  sessionId: string | null
}

export interface BearerVerifier {
  /** Null for whatever is no valid token. Refuses with `unavailable` when that cannot be said because an issuer's keys are out of reach. */
  verify(token: string): Promise<VerifiedToken | null>
}

export interface BearerOptions {
  local?: LocalIssuerOptions | undefined
  supabase?: SupabaseOptions | undefined
  oidc?: OidcOptions | undefined
}

const LEEWAY_SECONDS = 30
const REMEMBERED_MAXIMUM = 5_000
const REMEMBERED_MS = 60_000
/** Where a token signed by a shared secret names no issuer. */
const UNNAMED_ISSUER = 'supabase'

/**
 * Checks bearer tokens in process. A verified token is remembered for at most a minute and never beyond its end: its signature cannot
 * become wrong meanwhile, and whether its user is suspended or demoted is asked of the user's row each time, not of the token.
 */
export function createBearerVerifier({ local, supabase, oidc }: BearerOptions, outbound: Outbound): BearerVerifier {
  const issuers = [
    local ? localIssuer(local) : [],
    supabase ? supabaseIssuers(supabase, outbound) : [],
    oidc ? oidcIssuer(oidc, outbound) : [],
  ].flat()
  const remembered = new LRUCache<string, VerifiedToken>({ max: REMEMBERED_MAXIMUM })
  return {
    async verify(token) {
      // Kept by digest: a dump of the memory shows no token that works.
      const digest = createHash('sha256').update(token).digest('base64')
      const known = remembered.get(digest)
      if (known) return known
      const verified = await verifyByAny(token, issuers)
      const ttl = verified ? Math.min(REMEMBERED_MS, verified.expiresAt * 1_000 - Date.now()) : 0
      if (verified && ttl > 0) remembered.set(digest, verified, { ttl })
      return verified
    },
  }
}

/** What the token says of itself only chooses whom to ask; there are two to ask while a secret is being rotated. */
async function verifyByAny(token: string, issuers: TokenIssuer[]): Promise<VerifiedToken | null> {
  for (const candidate of candidates(token, issuers)) {
    const verified = await verifyBy(token, candidate)
    if (verified) return verified
  }
  return null
}

function candidates(token: string, issuers: TokenIssuer[]): TokenIssuer[] {
  const { alg, iss } = claimedOrigin(token)
  // A shared secret without an issuer of its own must not speak for an issuer that has one.
  const owned = issuers.some(({ issuer }) => issuer !== null && issuer === iss)
  return issuers.filter(({ issuer, algorithms }) => alg && algorithms.includes(alg) && (owned ? issuer === iss : issuer === null))
}

function claimedOrigin(token: string): { alg?: string | undefined; iss?: string | undefined } {
  try {
    return { alg: decodeProtectedHeader(token).alg, iss: decodeJwt(token).iss }
  } catch {
    return {}
  }
}

async function verifyBy(token: string, { issuer, audience, algorithms, key, hasOurSessions }: TokenIssuer): Promise<VerifiedToken | null> {
  const expected = { audience, algorithms, clockTolerance: LEEWAY_SECONDS, requiredClaims: ['sub', 'exp'], ...(issuer && { issuer }) }
  try {
    const { payload } = await jwtVerify(token, key, expected)
    return identity(payload, hasOurSessions)
  } catch (error) {
    // jose says TypeError of a key that does not fit the algorithm. Anything else is no judgement on the token.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null
    throw error
  }
}

function identity(payload: JWTPayload, hasOurSessions: boolean): VerifiedToken | null {
  const { iss = UNNAMED_ISSUER, sub, exp, iat = 0, sid, email, email_verified } = payload
  if (!isStorable(sub) || !isStorable(iss)) return null
  return {
    issuer: iss,
    subject: sub,
    email: isStorable(email) ? email : null,
    emailVerified: email_verified === true || email_verified === 'true',
    expiresAt: exp!,
    issuedAt: iat,
    sessionId: hasOurSessions && typeof sid === 'string' ? sid : null,
  }
}

/** Text that can stand in a row and in a log line: neither empty nor endless, and no control characters. */
const isStorable = (value: unknown): value is string => typeof value === 'string' && /^[^\p{Cc}\p{Cs}]{1,255}$/u.test(value)
