import type { ApiKeyScope } from '../../contract/api-keys.ts'
import { Refusal } from './refusal.ts'

/** What a caller has shown: it may end before the caller's account does. */
export type Credential =
  | {
      kind: 'token'
      /** The local account's session that the token came from. */
      sessionId: string | null
      /** Seconds since 1970; 0 where the token does not say. */
      issuedAt: number
    }
  | { kind: 'api_key'; keyId: string; scopes: ApiKeyScope[] }

/** `person`: keys are never enough. */
export type Need = 'read' | 'turns' | 'write' | 'person'

const enough: Record<Need, readonly ApiKeyScope[]> = {
  read: ['read', 'turns', 'write'],
  turns: ['turns', 'write'],
  write: ['write'],
  person: [],
}

/** A token may do whatever its user may, a key what its scopes say. */
export function requireScope(credential: Credential, need: Need): void {
  if (credential.kind === 'token' || credential.scopes.some(scope => enough[need].includes(scope))) return
  if (need === 'person') throw new Refusal('insufficient_scope', 'API keys cannot do this. Sign in instead.')
  throw new Refusal('insufficient_scope', `This API key lacks the scope "${need}".`)
}

/** A local account's token ends with its session; of another issuer's there is only the time at which it was given out. */
export const isSignedOut = (credential: Credential, signedOutAt: string | null): boolean =>
  credential.kind === 'token' &&
  credential.sessionId === null &&
  signedOutAt !== null &&
  credential.issuedAt * 1_000 <= Date.parse(signedOutAt)
