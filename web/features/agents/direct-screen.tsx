import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { AgentRead } from '../../../contract/agents.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { agent as agentQuery, agentSessions, queryClient } from '../../api/queries.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { ago } from '../../ui/time.ts'
import { voiceOfKey } from '../../ui/voice.ts'
import { Composer } from '../chat/composer.tsx'
import { liveSession } from '../chat/live-session.ts'
import { SpeakersContext } from '../chat/speakers.tsx'
import { Timeline } from '../chat/timeline.tsx'
import { TurnDetails } from '../chat/turn-details.tsx'
import { useSession } from '../chat/use-session.ts'
import { Files } from '../rooms/files.tsx'
import { NotHere } from '../shell/lost.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'

/** One agent, alone: its standalone sessions. */
export function DirectScreen() {
  const { agentId } = useParams({ from: '/signed-in/agents/$agentId/chat' })
  const { session: wanted } = useSearch({ from: '/signed-in/agents/$agentId/chat' })
  const { data: agent, error } = useQuery(agentQuery(agentId))
  const { data: sessions } = useQuery(agentSessions(agentId))
  if (error && asProblem(error).status === 404) return <NotHere />
  if (error) return <Notice tone="bad">{error.message} Reload the page to try again.</Notice>
  if (!agent || !sessions) return <Loading what="the conversation" />
  const session = sessions.find(each => each.id === wanted) ?? sessions[0]
  return (
    <SpeakersContext value={{ voiceOf: voiceOfKey, nameOf: key => (key === agent.agent_key ? agent.name : key) }}>
      <Direct key={agent.id} agent={agent} sessions={sessions} session={session} />
    </SpeakersContext>
  )
}

interface DirectProps {
  agent: AgentRead
  sessions: SessionRead[]
  session: SessionRead | undefined
}

function Direct({ agent, sessions, session }: DirectProps) {
  const [detailed, setDetailed] = useState<string | null>(null)
  const start = useStart(agent.id)
  const welcome = <Welcome agent={agent} />
  return (
    <div className="room">
      <main className="room-main" id="content">
        <ScreenHead title={agent.name} about={`@${agent.agent_key} · ${agent.model_alias}`}>
          <button type="button" className="icon-button" onClick={() => start.mutate(null)} aria-label="New session">
            <Plus size={17} aria-hidden />
          </button>
          <Link to="/agents/$agentId" params={{ agentId: agent.id }} className="button">
            Edit
          </Link>
        </ScreenHead>
        {session ? (
          <Conversation key={session.id} session={session} welcome={welcome} onDetails={setDetailed} />
        ) : (
          <>
            <div className="timeline empty">{welcome}</div>
            <Composer
              place={`agent-${agent.id}`}
              sessionId={null}
              agents={[]}
              isRunning={false}
              onSend={async request => void (await start.mutateAsync(request))}
              onStop={async () => undefined}
              saying={`${agent.name} answers.`}
            />
          </>
        )}
      </main>
      <aside className="side beside" aria-label="Sessions">
        <Sessions agent={agent} sessions={sessions} current={session?.id} />
        {session && <Files owner={{ kind: 'session', id: session.id }} />}
      </aside>
      {session && <TurnDetails sessionId={session.id} turnId={detailed} onClose={() => setDetailed(null)} />}
    </div>
  )
}

/** A new session, with its first message where there is one. */
function useStart(agentId: string) {
  const navigate = useNavigate()
  return useMutation({
    mutationFn: async (request: TurnRequest | null) => {
      const session = await call('POST /agents/{agent_id}/sessions', { path: { agent_id: agentId }, body: {} })
      if (request) await liveSession(session.id).send(request)
      await queryClient.invalidateQueries({ queryKey: ['agent-sessions', agentId] })
      await navigate({ to: '/agents/$agentId/chat', params: { agentId }, search: { session: session.id } })
    },
  })
}

interface ConversationProps {
  session: SessionRead
  welcome: React.ReactNode
  onDetails: (turnId: string) => void
}

function Conversation({ session, welcome, onDetails }: ConversationProps) {
  const { isRunning, send, stop } = useSession(session.id)
  return (
    <>
      <Timeline sessionId={session.id} onDetails={onDetails} empty={welcome} />
      <Composer place={session.id} sessionId={session.id} agents={[]} isRunning={isRunning} onSend={send} onStop={stop} saying="" />
    </>
  )
}

const Welcome = ({ agent }: { agent: AgentRead }) => (
  <div className="welcome">
    <Seal name={agent.name} voice={voiceOfKey(agent.agent_key)} large />
    <h2>{agent.name}</h2>
    <p className="muted">{agent.role_prompt || 'No role yet; it answers as the model does.'}</p>
  </div>
)

function Sessions({ agent, sessions, current }: { agent: AgentRead; sessions: SessionRead[]; current: string | undefined }) {
  return (
    <section aria-labelledby="sessions">
      <h2 id="sessions">Sessions</h2>
      {sessions.length === 0 && <p className="small faint pad">The first message starts one.</p>}
      <ul className="plain">
        {sessions.map(session => (
          <li key={session.id} className="side-row">
            <Link
              to="/agents/$agentId/chat"
              params={{ agentId: agent.id }}
              search={{ session: session.id }}
              className="rail-link"
              data-status={session.id === current ? 'active' : undefined}
              aria-current={session.id === current ? 'page' : undefined}
            >
              <span className="clip">{session.title ?? 'New session'}</span>
              <span className="tiny faint">{ago(session.created_at)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}
