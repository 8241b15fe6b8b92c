import type { Role } from '../../contract/accounts.ts'
import type { Caller } from './caller.ts'
import { Refusal } from './refusal.ts'

/** ADMIN_USER_IDS and ADMIN_EMAILS. */
export interface Admins {
  userIds: ReadonlySet<string>
  /** In lower case. */
  emails: ReadonlySet<string>
}

export interface RoleHolder {
  id: string
  email: string | null
  email_verified: boolean
  role: Role
}

/** Admins of the configuration are owners always; by e-mail only where its issuer has verified the address. */
export const effectiveRole = (user: RoleHolder, admins: Admins): Role => (isConfiguredOwner(user, admins) ? 'owner' : user.role)

export function isConfiguredOwner(user: RoleHolder, { userIds, emails }: Admins): boolean {
  return userIds.has(user.id) || (user.email !== null && user.email_verified && emails.has(user.email.toLowerCase()))
}

/** Reading the service's figures takes an analyst or an owner. */
export function requireAnalyst(caller: Caller): void {
  if (caller.role === 'user') throw new Refusal('admin_required', 'Admin access required.')
}

/** Changing anything of the service takes an owner. */
export function requireOwner(caller: Caller): void {
  requireAnalyst(caller)
  if (caller.role !== 'owner') throw new Refusal('owner_required', 'Only an owner may change this. Analysts may read everything.')
}
