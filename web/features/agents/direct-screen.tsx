import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { PanelRight } from 'lucide-react'
import { useState } from 'react'
import type { AgentRead } from '../../../contract/agents.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { asProblem } from '../../api/problem.ts'
import { agent as agentQuery } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { voiceOfKey } from '../../ui/voice.ts'
import { LowBalance } from '../billing/low-balance.tsx'
import { RunningAgain } from '../chat/again.tsx'
import { Composer } from '../chat/composer.tsx'
import { SpeakersContext } from '../chat/speakers.tsx'
import { Timeline } from '../chat/timeline.tsx'
import { TurnDetails } from '../chat/turn-details.tsx'
import { useSession } from '../chat/use-session.ts'
import { Files } from '../rooms/files.tsx'
import { NoSession } from '../sessions/no-session.tsx'
import { SessionFacts } from '../sessions/session-facts.tsx'
import { Sessions } from '../sessions/sessions.tsx'
import { type ChosenSession, useChosenSession } from '../sessions/use-chosen-session.ts'
import { useFirstMessage } from '../sessions/use-first-message.ts'
import { Failed } from '../shell/failed.tsx'
import { NotHere } from '../shell/lost.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { useSheet } from '../shell/use-sheet.ts'

/** One agent, alone: its standalone sessions. */
export function DirectScreen() {
  const { agentId } = useParams({ from: '/signed-in/agents/$agentId/chat' })
  const { session: wanted } = useSearch({ from: '/signed-in/agents/$agentId/chat' })
  const { data: agent, error, refetch } = useQuery(agentQuery(agentId))
  const { chosen, error: sessionsError, refetch: refetchSessions } = useChosenSession({ kind: 'agent', id: agentId }, wanted)
  if (error && asProblem(error).status === 404) return <NotHere />
  if (error && !agent) return <Failed title="Chat" error={error} onRetry={() => refetch()} />
  if (sessionsError) return <Failed title={agent?.name ?? 'Chat'} error={sessionsError} onRetry={refetchSessions} />
  if (!agent || !chosen) return <Loading what="the conversation" />
  return (
    <SpeakersContext value={{ voiceOf: voiceOfKey, nameOf: key => (key === agent.agent_key ? agent.name : key) }}>
      <Direct key={agent.id} agent={agent} {...chosen} />
    </SpeakersContext>
  )
}

interface DirectProps extends ChosenSession {
  agent: AgentRead
}

function Direct({ agent, sessions, session, isMissing }: DirectProps) {
  const [detailed, setDetailed] = useState<string | null>(null)
  const [isSideOpen, setSideOpen] = useSheet(session?.id)
  const place = `agent-${agent.id}`
  const sendFirst = useFirstMessage({ kind: 'agent', id: agent.id }, place)
  const side = <DirectSide agent={agent} sessions={sessions} session={session} />
  const welcome = <Welcome agent={agent} />
  return (
    <div className="room">
      <main className="room-main" id="content">
        <ScreenHead title={agent.name} about={`@${agent.agent_key} · ${agent.model_alias}`}>
          <Link to="/agents/$agentId" params={{ agentId: agent.id }} className="button">
            Edit
          </Link>
          <button type="button" className="icon-button side-button" onClick={() => setSideOpen(true)} aria-label="Sessions and files">
            <PanelRight size={18} aria-hidden />
          </button>
        </ScreenHead>
        <LowBalance />
        {session ? (
          <Conversation key={session.id} session={session} welcome={welcome} onDetails={setDetailed} />
        ) : isMissing ? (
          <NoSession />
        ) : (
          <>
            <div className="timeline empty">{welcome}</div>
            <Composer
              place={place}
              sessionId={null}
              agents={[]}
              isRunning={false}
              onSend={sendFirst}
              onStop={null}
              saying={`${agent.name} answers.`}
            />
          </>
        )}
      </main>
      <aside className="side beside" aria-label="Sessions and files">
        {side}
      </aside>
      <Dialog title={agent.name} kind="sheet right" open={isSideOpen} onClose={() => setSideOpen(false)}>
        <div className="side">{side}</div>
      </Dialog>
      {session && <TurnDetails sessionId={session.id} turnId={detailed} onClose={() => setDetailed(null)} />}
    </div>
  )
}

function DirectSide({ agent, sessions, session }: Omit<DirectProps, 'isMissing'>) {
  return (
    <>
      <Sessions scope={{ kind: 'agent', id: agent.id }} sessions={sessions} current={session?.id} />
      {session ? (
        <Files owner={{ kind: 'session', id: session.id }} />
      ) : (
        <section aria-labelledby="files">
          <h2 id="files">Files</h2>
          <p className="tiny faint pad">They belong to a session. Start one to upload what {agent.name} should read.</p>
        </section>
      )}
      {session && <SessionFacts sessionId={session.id} />}
    </>
  )
}

interface ConversationProps {
  session: SessionRead
  welcome: React.ReactNode
  onDetails: (turnId: string) => void
}

function Conversation({ session, welcome, onDetails }: ConversationProps) {
  const { turn } = useSearch({ from: '/signed-in/agents/$agentId/chat' })
  const { isRunning, send, stop } = useSession(session.id)
  return (
    <RunningAgain sessionId={session.id} isRunning={isRunning} onSend={send}>
      <Timeline sessionId={session.id} target={turn} onDetails={onDetails} empty={welcome} />
      <Composer place={session.id} sessionId={session.id} agents={[]} isRunning={isRunning} onSend={send} onStop={stop} saying="" />
    </RunningAgain>
  )
}

const Welcome = ({ agent }: { agent: AgentRead }) => (
  <div className="welcome">
    <Seal name={agent.name} voice={voiceOfKey(agent.agent_key)} large />
    <h2>{agent.name}</h2>
    <p className="muted">{agent.role_prompt || 'No role yet; it answers as the model does.'}</p>
  </div>
)
