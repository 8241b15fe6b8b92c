import type { BearerVerifier } from '../accounts/bearer.ts'
import type { Caller } from '../domain/caller.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Admins, effectiveRole } from '../domain/roles.ts'
import type { UserDirectory } from '../store/user-directory.ts'

export interface AuthenticationDependencies {
  bearer: BearerVerifier
  users: UserDirectory
  admins: Admins
}

/** Who calls, by the value of `Authorization`. Refuses with `unauthenticated`, `suspended` or, where that cannot be told now, `unavailable`. */
export async function authenticate(
  { bearer, users, admins }: AuthenticationDependencies,
  authorization: string | undefined,
): Promise<Caller> {
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1]
  if (!token) throw new Refusal('unauthenticated', 'Missing Bearer token.')
  const verified = await bearer.verify(token)
  if (!verified) throw new Refusal('unauthenticated', 'Invalid or expired token.')
  const user = await users.see(verified)
  if (user.erased_at !== null) throw new Refusal('unauthenticated', 'Invalid or expired token.')
  if (user.suspended_at !== null) throw new Refusal('suspended', 'This account is suspended.')
  return { userId: user.id, email: user.email, role: effectiveRole(user, admins) }
}
