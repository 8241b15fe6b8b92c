import type { RoomAgentRead, RoomRead } from '../../../contract/rooms.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { SessionFacts } from '../sessions/session-facts.tsx'
import { Sessions } from '../sessions/sessions.tsx'
import { Files } from './files.tsx'
import { Roster } from './roster.tsx'

interface RoomSideProps {
  room: RoomRead
  members: RoomAgentRead[]
  sessions: SessionRead[]
  session: SessionRead | undefined
}

export const RoomSide = ({ room, members, sessions, session }: RoomSideProps) => (
  <>
    <Roster roomId={room.id} members={members} />
    <Files owner={{ kind: 'room', id: room.id }} />
    <Sessions scope={{ kind: 'room', id: room.id }} sessions={sessions} current={session?.id} />
    {session && <SessionFacts sessionId={session.id} />}
  </>
)
