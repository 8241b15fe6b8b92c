import type { Role } from '../../contract/accounts.ts'

/** Who is calling, as the bearer token and the user's row say. */
export interface Caller {
  userId: string
  email: string | null
  role: Role
}
