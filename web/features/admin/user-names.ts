import { useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'

const KNOWN_MAXIMUM = 200

/** People by their e-mail instead of their id, as far as the newest accounts tell. */
export function useUserNames(): (userId: string) => string {
  const { data } = useQuery({
    queryKey: ['admin', 'user-names'],
    queryFn: async () => {
      const { users } = await call('GET /admin/users', { query: { limit: KNOWN_MAXIMUM } })
      return new Map(users.map(user => [user.id, user.email ?? user.id]))
    },
    staleTime: 60_000,
  })
  return userId => data?.get(userId) ?? userId
}
