import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { me } from '../../api/queries.ts'
import { useCreditSource } from './balance.ts'

/** What to do for more credits on this server, in words. */
export function MoreCreditsWords() {
  const source = useCreditSource()
  if (source === 'card') return 'Top up to go on.'
  return source === 'self' ? 'Grant yourself some to go on.' : 'Ask the owner of this server for some; it takes no payments.'
}

/** The way there, where there is one in this page. */
export function MoreCreditsLink() {
  const source = useCreditSource()
  const { data: user } = useQuery(me)
  if (source === 'card')
    return (
      <Link to="/billing" className="button">
        Top up
      </Link>
    )
  if (source === 'self')
    return (
      <Link to="/admin/users" search={{ user: user?.user_id }} className="button">
        Grant credits
      </Link>
    )
  return (
    <Link to="/billing" className="button">
      See usage
    </Link>
  )
}
