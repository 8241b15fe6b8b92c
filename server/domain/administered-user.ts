import type { UserRead } from '../../contract/admin.ts'
import { type Admins, effectiveRole, type RoleHolder } from './roles.ts'

/** A user's row as administrators deal with it. */
export interface AdministeredUser extends RoleHolder {
  suspended_at: string | null
  monthly_credit_cap: string | null
  /** Null without a wallet. */
  balance: string | null
  created_at: string
}

/** The role told is the one in force, whatever is stored. */
export const userRead = (user: AdministeredUser, admins: Admins): UserRead => ({
  id: user.id,
  email: user.email,
  role: effectiveRole(user, admins),
  suspended: user.suspended_at !== null,
  monthly_credit_cap: user.monthly_credit_cap,
  balance: user.balance,
  created_at: user.created_at,
})
