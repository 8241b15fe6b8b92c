import '../../ui/charts.css'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { me } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'

/** For owners and analysts. Analysts see all of it and change nothing. */
export function AdminScreen() {
  const { data: user } = useQuery(me)
  const tabs = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another tab is the active one now, which on a phone may lie outside
  useEffect(() => {
    void tabs.current?.querySelector('[data-status=active]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [pathname])
  return (
    <main className="screen" id="content">
      <ScreenHead title="Administration" about={user?.role === 'analyst' ? 'You can read everything here and change nothing.' : ''} />
      <nav className="tabs" ref={tabs} aria-label="Administration">
        <Link to="/admin" search={{}} activeOptions={{ exact: true, includeSearch: false }}>
          Usage
        </Link>
        <Link to="/admin/users" search={{}} activeOptions={{ includeSearch: false }}>
          Users
        </Link>
        <Link to="/admin/models">Models and prices</Link>
        <Link to="/admin/settings">Credits</Link>
        <Link to="/admin/audit-log">Audit log</Link>
        <Link to="/admin/jobs">Failed jobs</Link>
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
