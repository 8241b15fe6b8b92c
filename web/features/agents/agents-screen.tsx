import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { agents } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { voicesOf } from '../../ui/voice.ts'
import { ScreenHead } from '../shell/screen-head.tsx'

export function AgentsScreen() {
  const { data, error } = useQuery(agents)
  const list = data?.agents ?? []
  const voiceOf = voicesOf(list)
  return (
    <main className="screen" id="content">
      <ScreenHead title="Agents" about="Personas with a role, a model and tools">
        <Link to="/agents/new" search={{}} className="button main">
          <Plus size={15} aria-hidden /> New agent
        </Link>
      </ScreenHead>
      <div className="scroll">
        <div className="wide-column">
          {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
          {!data && !error && <Loading what="your agents" />}
          {data && list.length === 0 && (
            <p className="muted">
              No agents yet. Make one, or <Link to="/">start from a template</Link>, which brings its own.
            </p>
          )}
          <ul className="cards plain">
            {list.map(agent => (
              <li key={agent.id} className="card room-card">
                <span className="row tight">
                  <Seal name={agent.name} voice={voiceOf(agent.agent_key)} />
                  <h2 className="clip">{agent.name}</h2>
                  <span className="tiny faint push">@{agent.agent_key}</span>
                </span>
                <span className="small muted two-lines">{agent.role_prompt || 'No role yet'}</span>
                <span className="row tight">
                  <span className="tiny faint">{[agent.model_alias, ...agent.tool_permissions].join(' · ')}</span>
                  <Link to="/agents/$agentId" params={{ agentId: agent.id }} className="button push" aria-label={`Edit ${agent.name}`}>
                    Edit
                  </Link>
                  <Link to="/agents/$agentId/chat" params={{ agentId: agent.id }} className="button" aria-label={`Chat with ${agent.name}`}>
                    Chat
                  </Link>
                </span>
              </li>
            ))}
          </ul>
          <Link to="/deleted" className="small muted to-deleted">
            Recently deleted
          </Link>
        </div>
      </div>
    </main>
  )
}
