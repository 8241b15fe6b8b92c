import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { ListedRoomRead } from '../../../contract/rooms.ts'
import { agents, models, rooms, wallet } from '../../api/queries.ts'
import { shown } from '../../ui/decimal.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { ago } from '../../ui/time.ts'
import { voicesOf } from '../../ui/voice.ts'
import { LowBalance } from '../billing/low-balance.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { modeName } from './modes.ts'
import { NewRoom } from './new-room.tsx'
import { startTemplate, type Template, templates } from './templates.ts'

/** Rooms, agents, templates to start from, and what is left to spend. */
export function Home() {
  const { data: own, error } = useQuery(rooms)
  const [isMaking, setMaking] = useState(false)
  return (
    <main className="screen" id="content">
      <ScreenHead title="Your rooms">
        <span className="push" />
        <Credits />
        <button type="button" className="button" onClick={() => setMaking(true)}>
          <Plus size={15} aria-hidden /> New room
        </button>
      </ScreenHead>
      <LowBalance />
      <div className="scroll">
        <div className="wide-column">
          {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
          {!own && !error && <Loading what="your rooms" />}
          {own && own.length > 0 && (
            <ul className="cards plain" aria-label="Rooms">
              {own.map(room => (
                <RoomCard key={room.id} room={room} />
              ))}
            </ul>
          )}
          {own && <Templates isFirst={own.length === 0} />}
          <OwnAgents />
          <Link to="/deleted" className="small muted to-deleted">
            Recently deleted
          </Link>
        </div>
      </div>
      <NewRoom open={isMaking} onClose={() => setMaking(false)} />
    </main>
  )
}

function Credits() {
  const { data } = useQuery(wallet)
  return (
    <Link to="/billing" className="credits small muted">
      <span className="num">{data ? shown(data.balance) : '…'}</span> credits
    </Link>
  )
}

function RoomCard({ room }: { room: ListedRoomRead }) {
  const list = room.agents ?? []
  const voiceOf = voicesOf(list)
  return (
    <li>
      <Link to="/rooms/$roomId" params={{ roomId: room.id }} className="card room-card">
        <span className="row spread tight">
          <h2 className="clip">{room.name}</h2>
          <span className="tiny faint num">{ago(room.last_used_at ?? room.updated_at)}</span>
        </span>
        <span className="small muted two-lines">{room.goal ?? 'No goal yet'}</span>
        <span className="row tight">
          <span className="seals">
            {list.slice(0, 6).map(agent => (
              <Seal key={agent.id} name={agent.name} voice={voiceOf(agent.agent_key)} />
            ))}
          </span>
          <span className="tiny faint push">{modeName(room.current_mode)}</span>
        </span>
      </Link>
    </li>
  )
}

function Templates({ isFirst }: { isFirst: boolean }) {
  const { data: available } = useQuery(models)
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: (template: Template) => startTemplate(template, available ?? []),
    onSuccess: ({ room, sessionId }) => navigate({ to: '/rooms/$roomId', params: { roomId: room.id }, search: { session: sessionId } }),
  })
  return (
    <section className="section" aria-labelledby="templates">
      <h2 id="templates">{isFirst ? 'Who should sit on your council?' : 'Start from a template'}</h2>
      {isFirst && <p className="muted">Choose a council to begin with; everything in it can be changed later.</p>}
      {start.error && <Notice tone="bad">{start.error.message} Try again.</Notice>}
      <div className="cards few">
        {templates.map(template => (
          <button
            key={template.key}
            type="button"
            className="card template"
            disabled={start.isPending || !available}
            onClick={() => start.mutate(template)}
          >
            <span className="row spread tight">
              <h3>{template.name}</h3>
              <span className="tiny faint">{modeName(template.mode)}</span>
            </span>
            <span className="small muted">{template.about}</span>
            <span className="voices tiny">
              {template.agents.map((agent, at) => (
                <span key={agent.agent_key} className="voice" data-voice={at}>
                  {agent.name}
                </span>
              ))}
            </span>
            {start.isPending && start.variables?.key === template.key && <span className="tiny">Seating the council…</span>}
          </button>
        ))}
      </div>
    </section>
  )
}

function OwnAgents() {
  const { data } = useQuery(agents)
  if (!data || data.total === 0) return null
  const voiceOf = voicesOf(data.agents)
  return (
    <section className="section" aria-labelledby="own-agents">
      <div className="section-head">
        <h2 id="own-agents">Agents</h2>
        <Link to="/agents" className="small push">
          Manage
        </Link>
      </div>
      <ul className="chips plain">
        {data.agents.map(agent => (
          <li key={agent.id}>
            <Link to="/agents/$agentId/chat" params={{ agentId: agent.id }} className="chip">
              <Seal name={agent.name} voice={voiceOf(agent.agent_key)} />
              <span className="small">{agent.name}</span>
              <span className="tiny faint">{agent.model_alias}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
