import type { RoomAgentRead, RoomRead } from '../../../contract/rooms.ts'
import type { SessionRead } from '../../../contract/sessions.ts'
import { Files } from './files.tsx'
import { Roster } from './roster.tsx'
import { SessionFacts } from './session-facts.tsx'
import { Sessions } from './sessions.tsx'

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
    <Sessions roomId={room.id} sessions={sessions} current={session?.id} />
    {session && <SessionFacts sessionId={session.id} />}
  </>
)
