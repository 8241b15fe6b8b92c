import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { createContext, useContext, useEffect, useState } from 'react'
import { authConfig, me } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice, Retry } from '../../ui/notice.tsx'
import { useSearchKey } from '../search/search-key.ts'
import { Offline } from './offline.tsx'
import { Rail } from './rail.tsx'
import { UndoNotice } from './undo-notice.tsx'

const MenuContext = createContext<() => void>(() => undefined)

/** Opens the rail where it does not stand beside the page. */
export const useMenu = () => useContext(MenuContext)

/** The frame of every screen behind the sign-in. */
export function Shell() {
  const { data: user, error, refetch } = useQuery(me)
  const { data: config } = useQuery(authConfig)
  const { pathname } = useLocation()
  const [isOpen, setOpen] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another screen closes the menu
  useEffect(() => setOpen(false), [pathname])
  const toSearch = useNavigate()
  useSearchKey(() => pathname !== '/search' && void toSearch({ to: '/search', search: {} }))
  if (!user && config?.first_account_missing) return <Navigate to="/sign-in" search={{}} />
  if (!user && error)
    return (
      <main className="lost">
        <Notice tone="bad" action={<Retry onRetry={refetch} />}>
          {error.message} Check that the server runs and that you are online.
        </Notice>
      </main>
    )
  if (!user) return <Loading what="your rooms" />
  return (
    <MenuContext value={() => setOpen(true)}>
      <a className="skip button" href="#content">
        To the content
      </a>
      <UndoNotice />
      <div className="app">
        <Rail user={user} className="rail beside" />
        <Dialog title="Menu" kind="sheet" open={isOpen} onClose={() => setOpen(false)}>
          <Rail user={user} className="rail" />
        </Dialog>
        <div className="page">
          <Offline />
          {config?.demo_model && (
            <p className="demo tiny">
              <b>Demo model.</b> Answers are simulated.{' '}
              <span className="hide-narrow">Set OPENROUTER_API_KEY on the server for real ones.</span>
            </p>
          )}
          <Outlet />
        </div>
      </div>
    </MenuContext>
  )
}
