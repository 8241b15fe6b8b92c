import type { Role } from '../../contract/accounts.ts'

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
export function effectiveRole(user: RoleHolder, admins: Admins): Role {
  const byEmail = user.email !== null && user.email_verified && admins.emails.has(user.email.toLowerCase())
  return byEmail || admins.userIds.has(user.id) ? 'owner' : user.role
}
