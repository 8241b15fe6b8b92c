import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { LogOut, Moon, Search, Sun } from 'lucide-react'
import type { MeRead } from '../../../contract/accounts.ts'
import { agents, rooms } from '../../api/queries.ts'
import { signOut } from '../../api/sign-in.ts'
import { shown } from '../../ui/decimal.ts'
import { setTheme, useTheme } from '../../ui/theme.ts'
import { ago } from '../../ui/time.ts'
import { useBalance } from '../billing/balance.ts'
import { searchKey } from '../search/search-key.ts'
import { Brand } from './brand.tsx'
import { useForgetting } from './forgetting.ts'

const AGENTS_SHOWN = 8

export function Rail({ user, className }: { user: MeRead; className: string }) {
  return (
    <nav className={className} aria-label="Main">
      <Link to="/" className="to-home" aria-label="Pantheon, home">
        <Brand />
      </Link>
      <Link to="/search" search={{}} className="rail-link search-link" aria-keyshortcuts={searchKey.aria}>
        <Search size={14} aria-hidden />
        Search
        <kbd className="tiny faint push" aria-hidden>
          {searchKey.shown}
        </kbd>
      </Link>
      <RoomLinks />
      <AgentLinks />
      <div className="foot">
        <Balance />
        {user.role !== 'user' && (
          <Link to="/admin" search={{}} activeOptions={{ includeSearch: false }} className="rail-link">
            Administration
          </Link>
        )}
        <div className="who">
          <Link to="/account" className="clip tiny faint" title="Your account" aria-label={`Your account, ${user.email ?? user.user_id}`}>
            {user.email ?? user.user_id}
          </Link>
          <ThemeButton />
          <SignOutButton />
        </div>
      </div>
    </nav>
  )
}

function RoomLinks() {
  const { data = [] } = useQuery(rooms)
  return (
    <div>
      <h2>Rooms</h2>
      {data.map(room => (
        <Link key={room.id} to="/rooms/$roomId" params={{ roomId: room.id }} className="rail-link">
          <span className="clip">{room.name}</span>
          <span className="tiny faint">{ago(room.last_used_at ?? room.updated_at)}</span>
        </Link>
      ))}
      <Link to="/" className="rail-link" activeOptions={{ exact: true }}>
        <span className="faint">{data.length === 0 ? 'Start a room…' : 'All rooms, new room…'}</span>
      </Link>
    </div>
  )
}

function AgentLinks() {
  const { data } = useQuery(agents)
  const list = data?.agents ?? []
  return (
    <div>
      <h2>Agents</h2>
      {list.slice(0, AGENTS_SHOWN).map(agent => (
        <Link key={agent.id} to="/agents/$agentId/chat" params={{ agentId: agent.id }} className="rail-link">
          <span className="clip">{agent.name}</span>
          <span className="tiny faint clip">@{agent.agent_key}</span>
        </Link>
      ))}
      <Link to="/agents" className="rail-link" activeOptions={{ exact: true }}>
        <span className="faint">{list.length > AGENTS_SHOWN ? `All ${data?.total} agents…` : 'Manage agents…'}</span>
      </Link>
    </div>
  )
}

function Balance() {
  const state = useBalance()
  return (
    <>
      <div className="row spread small">
        <span className="muted">Credits</span>
        <span className={state?.isLow ? 'num low' : 'num'}>{state ? shown(state.balance) : '…'}</span>
      </div>
      <Link to="/billing" className="rail-link">
        Usage and top-up
      </Link>
    </>
  )
}

function ThemeButton() {
  const theme = useTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  const Icon = theme === 'dark' ? Sun : Moon
  return (
    <button type="button" className="icon-button small push" onClick={() => setTheme(other)} aria-label={`Use the ${other} theme`}>
      <Icon size={15} aria-hidden />
    </button>
  )
}

function SignOutButton() {
  const forget = useForgetting()
  const leave = async () => {
    await signOut().catch(() => undefined)
    await forget({})
  }
  return (
    <button type="button" className="icon-button small" onClick={leave} aria-label="Sign out">
      <LogOut size={15} aria-hidden />
    </button>
  )
}
