import { apiKeyDigest } from '../accounts/api-key.ts'
import type { BearerVerifier } from '../accounts/bearer.ts'
import type { Caller } from '../domain/caller.ts'
import { type Credential, isSignedOut } from '../domain/credential.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Admins, effectiveRole, type RoleHolder } from '../domain/roles.ts'
import type { ApiKeyDirectory } from '../store/api-key-directory.ts'
import type { UserDirectory } from '../store/user-directory.ts'

export interface AuthenticationDependencies {
  bearer: BearerVerifier
  users: UserDirectory
  apiKeys: ApiKeyDirectory
  admins: Admins
}

export interface Authenticated {
  caller: Caller
  credential: Credential
}

/** Who calls, by the value of `Authorization`. Refuses with `unauthenticated`, `suspended` or, where that cannot be told now, `unavailable`. */
export async function authenticate(deps: AuthenticationDependencies, authorization: string | undefined): Promise<Authenticated> {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  if (!token) throw new Refusal('unauthenticated', 'Missing Bearer token.')
  const digest = apiKeyDigest(token)
  return digest === null ? await byToken(deps, token) : await byApiKey(deps, digest)
}

async function byToken({ bearer, users, admins }: AuthenticationDependencies, token: string): Promise<Authenticated> {
  const verified = await bearer.verify(token)
  if (!verified) throw notAccepted()
  const user = await users.see(verified)
  const credential: Credential = { kind: 'token', sessionId: verified.sessionId, issuedAt: verified.issuedAt }
  if (user.session_ended || isSignedOut(credential, user.signed_out_at)) throw notAccepted()
  return { caller: callerOf(user, admins), credential }
}

async function byApiKey({ apiKeys, admins }: AuthenticationDependencies, digest: string): Promise<Authenticated> {
  const holder = await apiKeys.find(digest)
  if (!holder || (holder.expires_at !== null && Date.parse(holder.expires_at) <= Date.now())) throw notAccepted()
  const caller = callerOf(holder, admins)
  apiKeys.noteUse(holder.key_id)
  const { key_id: keyId, scopes } = holder
  // Without that scope its owner's role is nothing to the key, wherever a role would be asked for.
  return { caller: scopes.includes('admin') ? caller : { ...caller, role: 'user' }, credential: { kind: 'api_key', keyId, scopes } }
}

interface KnownUser extends RoleHolder {
  suspended_at: string | null
  erased_at: string | null
}

function callerOf(user: KnownUser, admins: Admins): Caller {
  if (user.erased_at !== null) throw notAccepted()
  if (user.suspended_at !== null) throw new Refusal('suspended', 'This account is suspended.')
  return { userId: user.id, email: user.email, role: effectiveRole(user, admins) }
}

const notAccepted = () => new Refusal('unauthenticated', 'Invalid or expired token.')
