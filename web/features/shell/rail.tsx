import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { LogOut, Moon, Sun } from 'lucide-react'
import type { MeRead } from '../../../contract/accounts.ts'
import { agents, queryClient, rooms, wallet } from '../../api/queries.ts'
import { signOut } from '../../api/sign-in.ts'
import { forgetBearer } from '../../api/token.ts'
import { compare, LOW_BALANCE, shown } from '../../ui/decimal.ts'
import { setTheme, useTheme } from '../../ui/theme.ts'
import { ago } from '../../ui/time.ts'
import { forgetLiveSessions } from '../chat/live-session.ts'
import { Brand } from './brand.tsx'

const AGENTS_SHOWN = 8

export function Rail({ user, className }: { user: MeRead; className: string }) {
  return (
    <nav className={className} aria-label="Main">
      <Link to="/" className="to-home" aria-label="Pantheon, home">
        <Brand />
      </Link>
      <RoomLinks />
      <AgentLinks />
      <div className="foot">
        <Balance />
        {user.role !== 'user' && (
          <Link to="/admin" className="rail-link">
            Administration
          </Link>
        )}
        <div className="who">
          <span className="clip tiny faint" title={user.email ?? user.user_id}>
            {user.email ?? user.user_id}
          </span>
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
          <span className="tiny faint">{ago(room.updated_at)}</span>
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
  const { data } = useQuery(wallet)
  return (
    <>
      <div className="row spread small">
        <span className="muted">Credits</span>
        <span className={data && compare(data.balance, LOW_BALANCE) < 0 ? 'num low' : 'num'}>{data ? shown(data.balance) : '…'}</span>
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
  const navigate = useNavigate()
  const leave = async () => {
    await signOut().catch(() => undefined)
    forgetBearer()
    forgetLiveSessions()
    queryClient.clear()
    await navigate({ to: '/sign-in', search: {} })
  }
  return (
    <button type="button" className="icon-button small" onClick={leave} aria-label="Sign out">
      <LogOut size={15} aria-hidden />
    </button>
  )
}
