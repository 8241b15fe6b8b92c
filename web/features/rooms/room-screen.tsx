import { useQuery } from '@tanstack/react-query'
import { useParams, useSearch } from '@tanstack/react-router'
import { PanelRight } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { RoomAgentRead, RoomRead } from '../../../contract/rooms.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { asProblem } from '../../api/problem.ts'
import { room as roomQuery, roster } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { voicesOf } from '../../ui/voice.ts'
import { LowBalance } from '../billing/low-balance.tsx'
import { RunningAgain } from '../chat/again.tsx'
import { Composer } from '../chat/composer.tsx'
import { SpeakersContext, useSpeakers } from '../chat/speakers.tsx'
import { Timeline } from '../chat/timeline.tsx'
import { TurnDetails } from '../chat/turn-details.tsx'
import { useSession } from '../chat/use-session.ts'
import { NoSession } from '../sessions/no-session.tsx'
import { type ChosenSession, useChosenSession } from '../sessions/use-chosen-session.ts'
import { useFirstMessage } from '../sessions/use-first-message.ts'
import { Failed } from '../shell/failed.tsx'
import { NotHere } from '../shell/lost.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { useSheet } from '../shell/use-sheet.ts'
import { ModeSwitch } from './mode-switch.tsx'
import { modeAbout } from './modes.ts'
import { RoomMenu } from './room-menu.tsx'
import { RoomSide } from './room-side.tsx'

const NOBODY: RoomAgentRead[] = []

export function RoomScreen() {
  const { roomId } = useParams({ from: '/signed-in/rooms/$roomId' })
  const { session: wanted } = useSearch({ from: '/signed-in/rooms/$roomId' })
  const { data: room, error, refetch } = useQuery(roomQuery(roomId))
  const { chosen, error: sessionsError, refetch: refetchSessions } = useChosenSession({ kind: 'room', id: roomId }, wanted)
  const { data: members = NOBODY } = useQuery(roster(roomId))
  const speakers = useMemo(() => speakersOf(members), [members])
  if (error && asProblem(error).status === 404) return <NotHere />
  if (error && !room) return <Failed title="Room" error={error} onRetry={() => refetch()} />
  if (sessionsError) return <Failed title={room?.name ?? 'Room'} error={sessionsError} onRetry={refetchSessions} />
  if (!room || !chosen) return <Loading what="the room" />
  return (
    <SpeakersContext value={speakers}>
      <OpenRoom key={roomId} room={room} members={members} {...chosen} />
    </SpeakersContext>
  )
}

function speakersOf(members: RoomAgentRead[]) {
  const agents = members.map(member => member.agent)
  const names = new Map(agents.map(agent => [agent.agent_key, agent.name]))
  return { voiceOf: voicesOf(agents), nameOf: (key: string) => names.get(key) ?? key }
}

interface OpenRoomProps extends ChosenSession {
  room: RoomRead
  members: RoomAgentRead[]
}

function OpenRoom({ room, members, sessions, session, isMissing }: OpenRoomProps) {
  const [isSideOpen, setSideOpen] = useSheet(session?.id)
  const [detailed, setDetailed] = useState<string | null>(null)
  const side = <RoomSide room={room} members={members} sessions={sessions} session={session} />
  return (
    <div className="room">
      <main className="room-main" id="content">
        <ScreenHead title={room.name} about={room.goal}>
          <RoomMenu room={room} />
          <button
            type="button"
            className="icon-button side-button"
            onClick={() => setSideOpen(true)}
            aria-label="Agents, files and sessions"
          >
            <PanelRight size={18} aria-hidden />
          </button>
        </ScreenHead>
        <LowBalance />
        {session ? (
          <Conversation key={session.id} room={room} members={members} session={session} onDetails={setDetailed} />
        ) : isMissing ? (
          <NoSession />
        ) : (
          <FirstMessage room={room} members={members} />
        )}
      </main>
      <aside className="side beside" aria-label="Room">
        {side}
      </aside>
      <Dialog title={room.name} kind="sheet right" open={isSideOpen} onClose={() => setSideOpen(false)}>
        <div className="side">{side}</div>
      </Dialog>
      {session && <TurnDetails sessionId={session.id} turnId={detailed} onClose={() => setDetailed(null)} />}
    </div>
  )
}

interface ConversationProps {
  room: RoomRead
  members: RoomAgentRead[]
  session: SessionRead
  onDetails: (turnId: string) => void
}

function Conversation({ room, members, session, onDetails }: ConversationProps) {
  const { turn } = useSearch({ from: '/signed-in/rooms/$roomId' })
  const { isRunning, send, stop } = useSession(session.id)
  return (
    <RunningAgain sessionId={session.id} isRunning={isRunning} onSend={send}>
      <Timeline sessionId={session.id} target={turn} onDetails={onDetails} empty={<Welcome room={room} members={members} />} />
      <Composer
        place={session.id}
        sessionId={session.id}
        agents={members.map(member => member.agent)}
        isRunning={isRunning}
        onSend={send}
        onStop={stop}
        mode={<ModeSwitch room={room} isRunning={isRunning} />}
        saying={modeAbout(room.pending_mode ?? room.current_mode)}
      />
    </RunningAgain>
  )
}

/** A room without a session gets one with its first message. */
function FirstMessage({ room, members }: { room: RoomRead; members: RoomAgentRead[] }) {
  const place = `room-${room.id}`
  const sendFirst = useFirstMessage({ kind: 'room', id: room.id }, place)
  return (
    <>
      <div className="timeline empty">
        <Welcome room={room} members={members} />
      </div>
      <Composer
        place={place}
        sessionId={null}
        agents={members.map(member => member.agent)}
        isRunning={false}
        onSend={sendFirst}
        onStop={null}
        mode={<ModeSwitch room={room} isRunning={false} />}
        saying={modeAbout(room.current_mode)}
      />
    </>
  )
}

function Welcome({ room, members }: { room: RoomRead; members: RoomAgentRead[] }) {
  const { voiceOf } = useSpeakers()
  return (
    <div className="welcome">
      <span className="seals">
        {members.map(({ agent }) => (
          <Seal key={agent.id} name={agent.name} voice={voiceOf(agent.agent_key)} large />
        ))}
      </span>
      <h2>{members.length > 0 ? 'The council is seated' : 'Nobody is here yet'}</h2>
      <p className="muted">
        {members.length > 0 ? (room.goal ?? modeAbout(room.current_mode)) : 'Add an agent under Speaking order to begin.'}
      </p>
    </div>
  )
}
