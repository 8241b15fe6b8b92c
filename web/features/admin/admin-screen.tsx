import '../../ui/charts.css'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet } from '@tanstack/react-router'
import { me } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'

/** For owners and analysts. Analysts see all of it and change nothing. */
export function AdminScreen() {
  const { data: user } = useQuery(me)
  return (
    <main className="screen" id="content">
      <ScreenHead title="Administration" about={user?.role === 'analyst' ? 'You can read everything here and change nothing.' : ''} />
      <nav className="tabs" aria-label="Administration">
        <Link to="/admin" activeOptions={{ exact: true }}>
          Usage
        </Link>
        <Link to="/admin/users">Users</Link>
        <Link to="/admin/models">Models and prices</Link>
        <Link to="/admin/settings">Credits</Link>
        <Link to="/admin/audit-log">Audit log</Link>
      </nav>
      <div className="scroll">
        <div className="wide-column">
          {user?.role === 'user' ? (
            <Notice tone="bad">Only owners and analysts may look here. Ask an owner of this server.</Notice>
          ) : (
            <Outlet />
          )}
        </div>
      </div>
    </main>
  )
}
