import { v7 as uuidv7 } from 'uuid'
import type { AgentRead } from '../../contract/agents.ts'
import type { RoomAgentRead } from '../../contract/rooms.ts'
import { Refusal } from '../domain/refusal.ts'
import { agentColumns } from './agents.ts'
import { type Database, violatedConstraint } from './database.ts'

// A roster. Positions are 1..n without gaps, so whoever changes a roster holds the room's row until the commit.

/** In position order. */
export async function listRoomAgents(database: Database, roomId: string): Promise<RoomAgentRead[]> {
  const rows = await database.kysely
    .selectFrom('room_agents')
    .innerJoin('agents', 'agents.id', 'room_agents.agent_id')
    .where('room_agents.room_id', '=', roomId)
    .where('agents.deleted_at', 'is', null)
    .select(['room_agents.id as entry_id', 'room_agents.room_id', 'room_agents.position', 'room_agents.created_at as assigned_at'])
    .select(agentColumns)
    .orderBy('room_agents.position')
    .execute()
  return rows.map(({ entry_id, room_id, position, assigned_at, ...agent }) => ({
    id: entry_id,
    room_id,
    agent_id: agent.id,
    agent: agent as AgentRead,
    position,
    created_at: assigned_at,
  }))
}

export async function rosterSize(database: Database, roomId: string): Promise<number> {
  const { size } = await database.kysely
    .selectFrom('room_agents')
    .where('room_id', '=', roomId)
    .select(count => count.fn.countAll<number>().as('size'))
    .executeTakeFirstOrThrow()
  return size
}

/** Puts an agent on the roster at `position` (those behind move back), by default last. Already there: 409. */
export async function assignAgent(
  database: Database,
  roomId: string,
  agent: AgentRead,
  position: number | undefined,
): Promise<RoomAgentRead> {
  const id = uuidv7()
  const [entry] = await database
    .statement<Pick<RoomAgentRead, 'position' | 'created_at'>>('assign_agent', ASSIGN_AGENT, [id, roomId, agent.id, position ?? null])
    .catch(refuseDuplicateAssignment)
  return { id, room_id: roomId, agent_id: agent.id, agent, ...entry! }
}

const ASSIGN_AGENT = `
with place as (
  select least(coalesce($4::int, count(*) + 1), count(*) + 1)::int as position from room_agents where room_id = $2
), moved as (
  update room_agents set position = room_agents.position + 1
  from place where room_id = $2 and room_agents.position >= place.position
)
insert into room_agents (id, room_id, agent_id, position) select $1, $2, $3, position from place returning position, created_at`

function refuseDuplicateAssignment(error: unknown): never {
  if (violatedConstraint(error) !== 'room_agents_room_id_agent_id_key') throw error
  throw new Refusal('conflict', 'The agent is in this room already.')
}

/** `agentIds` are all agents of the room, each once. */
export async function orderRoomAgents(database: Database, roomId: string, agentIds: string[]): Promise<void> {
  await database.statement('order_room_agents', ORDER_ROOM_AGENTS, [roomId, agentIds])
}

const ORDER_ROOM_AGENTS = `
update room_agents set position = wanted.position
from unnest($2::uuid[]) with ordinality as wanted (agent_id, position)
where room_agents.room_id = $1 and room_agents.agent_id = wanted.agent_id`

/** Takes an agent off one roster; those behind move up. */
export async function unassignAgent(database: Database, roomId: string, agentId: string): Promise<void> {
  await database.statement('leave_roster', LEAVE, [agentId, [roomId]])
}

/** Takes an agent off every roster. */
export async function leaveRosters(database: Database, agentId: string): Promise<void> {
  const rooms = await database.statement<{ id: string }>('lock_rooms_of_agent', LOCK_ROOMS_OF_AGENT, [agentId])
  await database.statement('leave_roster', LEAVE, [agentId, rooms.map(room => room.id)])
}

const LOCK_ROOMS_OF_AGENT = `
select id from rooms where id in (select room_id from room_agents where agent_id = $1) order by id for update`

const LEAVE = `
with gone as (delete from room_agents where agent_id = $1 and room_id = any($2::uuid[]) returning room_id, position)
update room_agents set position = room_agents.position - 1
from gone where room_agents.room_id = gone.room_id and room_agents.position > gone.position`
