import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { MeRead, Role } from '../../../contract/accounts.ts'
import { me } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { setTheme, type Theme, useTheme } from '../../ui/theme.ts'
import { ScreenHead } from '../shell/screen-head.tsx'
import { ApiKeys } from './api-keys.tsx'
import { DeleteAccount } from './delete-account.tsx'
import { ExportAll } from './export-all.tsx'
import { SignOutEverywhere } from './sign-out-everywhere.tsx'

/** Who one is here, how the page looks, what one may take along, and the way out. */
export function AccountScreen() {
  const { data: user, error } = useQuery(me)
  return (
    <main className="screen" id="content">
      <ScreenHead title="Your account" about={user?.email} />
      <div className="scroll">
        <div className="form-column sections">
          {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
          {!user && !error && <Loading what="your account" />}
          {user && (
            <>
              <Person user={user} />
              <Look />
              <ApiKeys />
              <SignOutEverywhere />
              <YourData />
              <DeleteAccount user={user} />
            </>
          )}
        </div>
      </div>
    </main>
  )
}

const roles: Record<Role, string> = {
  user: 'user',
  analyst: 'analyst: reads the figures of this server',
  owner: 'owner: runs this server',
}

const Person = ({ user }: { user: MeRead }) => (
  <section className="section" aria-labelledby="you">
    <h2 id="you">You</h2>
    <dl className="facts told">
      <dt>E-mail</dt>
      <dd>{user.email ?? 'not told by your sign-in'}</dd>
      <dt>Role</dt>
      <dd>{roles[user.role]}</dd>
      <dt>Id</dt>
      <dd className="mono">{user.user_id}</dd>
    </dl>
  </section>
)

const themes: { theme: Theme; name: string }[] = [
  { theme: 'dark', name: 'Dark' },
  { theme: 'light', name: 'Light' },
]

function Look() {
  const current = useTheme()
  return (
    <section className="section" aria-labelledby="look">
      <h2 id="look">Theme</h2>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in this line */}
      <div className="segments" role="group" aria-labelledby="look">
        {themes.map(({ theme, name }) => (
          <button key={theme} type="button" aria-pressed={theme === current} onClick={() => setTheme(theme)}>
            {name}
          </button>
        ))}
      </div>
    </section>
  )
}

const YourData = () => (
  <section className="section" aria-labelledby="your-data">
    <h2 id="your-data">Your data</h2>
    <p className="small muted">
      Everything of yours in one file of JSON lines: agents, rooms, conversations, files, usage and credits. A single conversation is taken
      along from its menu, as Markdown or JSON.
    </p>
    <ExportAll />
    <Link to="/deleted" className="small">
      Recently deleted rooms and agents
    </Link>
  </section>
)
