import { Link } from '@tanstack/react-router'
import { useUserNames } from './user-names.ts'

/** Leads to the account of somebody. */
export function ToUser({ userId }: { userId: string }) {
  const nameOf = useUserNames()
  return (
    <Link to="/admin/users" search={{ user: userId }} title={userId}>
      {nameOf(userId)}
    </Link>
  )
}
