import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { PanelRight } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { RoomAgentRead, RoomRead } from '../../../contract/rooms.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { queryClient, room as roomQuery, roomSessions, roster } from '../../api/queries.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { voicesOf } from '../../ui/voice.ts'
import { Composer } from '../chat/composer.tsx'
import { liveSession } from '../chat/live-session.ts'
import { SpeakersContext, useSpeakers } from '../chat/speakers.tsx'
import { Timeline } from '../chat/timeline.tsx'
import { TurnDetails } from '../chat/turn-details.tsx'
import { useSession } from '../chat/use-session.ts'
import { NotHere } from '../shell/lost.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { ModeSwitch } from './mode-switch.tsx'
import { modeAbout } from './modes.ts'
import { RoomMenu } from './room-menu.tsx'
import { RoomSide } from './room-side.tsx'

const NOBODY: RoomAgentRead[] = []

export function RoomScreen() {
  const { roomId } = useParams({ from: '/signed-in/rooms/$roomId' })
  const { session: wanted } = useSearch({ from: '/signed-in/rooms/$roomId' })
  const { data: room, error } = useQuery(roomQuery(roomId))
  const { data: sessions } = useQuery(roomSessions(roomId))
  const { data: members = NOBODY } = useQuery(roster(roomId))
  const speakers = useMemo(() => speakersOf(members), [members])
  if (error && asProblem(error).status === 404) return <NotHere />
  if (error) return <Notice tone="bad">{error.message} Reload the page to try again.</Notice>
  if (!room || !sessions) return <Loading what="the room" />
  const session = sessions.find(each => each.id === wanted) ?? sessions[0]
  return (
    <SpeakersContext value={speakers}>
      <OpenRoom key={roomId} room={room} members={members} sessions={sessions} session={session} />
    </SpeakersContext>
  )
}

function speakersOf(members: RoomAgentRead[]) {
  const agents = members.map(member => member.agent)
  const names = new Map(agents.map(agent => [agent.agent_key, agent.name]))
  return { voiceOf: voicesOf(agents), nameOf: (key: string) => names.get(key) ?? key }
}

interface OpenRoomProps {
  room: RoomRead
  members: RoomAgentRead[]
  sessions: SessionRead[]
  session: SessionRead | undefined
}

function OpenRoom({ room, members, sessions, session }: OpenRoomProps) {
  const [isSideOpen, setSideOpen] = useState(false)
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
        {session ? (
          <Conversation key={session.id} room={room} members={members} session={session} onDetails={setDetailed} />
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
  const { isRunning, send, stop } = useSession(session.id)
  return (
    <>
      <Timeline sessionId={session.id} onDetails={onDetails} empty={<Welcome room={room} members={members} />} />
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
    </>
  )
}

/** A room without a session gets one with its first message. */
function FirstMessage({ room, members }: { room: RoomRead; members: RoomAgentRead[] }) {
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: async (request: TurnRequest) => {
      const session = await call('POST /rooms/{room_id}/sessions', { path: { room_id: room.id }, body: {} })
      try {
        await liveSession(session.id).send(request)
      } catch (error) {
        await call('DELETE /rooms/{room_id}/sessions/{session_id}', { path: { room_id: room.id, session_id: session.id } })
        throw error
      }
      await queryClient.invalidateQueries({ queryKey: ['room-sessions', room.id] })
      await navigate({ to: '/rooms/$roomId', params: { roomId: room.id }, search: { session: session.id } })
    },
  })
  return (
    <>
      <div className="timeline empty">
        <Welcome room={room} members={members} />
      </div>
      <Composer
        place={`room-${room.id}`}
        sessionId={null}
        agents={members.map(member => member.agent)}
        isRunning={false}
        onSend={request => start.mutateAsync(request)}
        onStop={async () => undefined}
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
