import { v7 as uuidv7 } from 'uuid'
import type { AgentRead } from '../../contract/agents.ts'
import type { RoomAgentRead } from '../../contract/rooms.ts'
import { Refusal } from '../domain/refusal.ts'
import { agentColumns } from './agents.ts'
import { type Database, violatedConstraint } from './database.ts'

// A roster. Positions are 1..n without gaps; whoever changes a roster holds the room's row.

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

/** Puts an agent on the roster at `position` (those behind move back), by default last. Already there: 409. */
export async function assignAgent(
  database: Database,
  roomId: string,
  agentId: string,
  position: number | undefined,
): Promise<RoomAgentRead> {
  await database.transaction(async transaction => {
    await lockRoom(transaction, roomId)
    await transaction
      .statement('assign_agent', ASSIGN_AGENT, [uuidv7(), roomId, agentId, position ?? null])
      .catch(refuseDuplicateAssignment)
  })
  const roster = await listRoomAgents(database, roomId)
  return roster.find(entry => entry.agent_id === agentId)!
}

const ASSIGN_AGENT = `
with place as (
  select least(coalesce($4::int, count(*) + 1), count(*) + 1)::int as position from room_agents where room_id = $2
), moved as (
  update room_agents set position = room_agents.position + 1
  from place where room_id = $2 and room_agents.position >= place.position
)
insert into room_agents (id, room_id, agent_id, position) select $1, $2, $3, position from place`

function refuseDuplicateAssignment(error: unknown): never {
  if (violatedConstraint(error) !== 'room_agents_room_id_agent_id_key') throw error
  throw new Refusal('conflict', 'The agent is in this room already.')
}

/** Gives the whole roster a new order. `agentIds` must name every agent of the room exactly once; false when it does not. */
export async function orderRoomAgents(database: Database, roomId: string, agentIds: string[]): Promise<boolean> {
  return await database.transaction(async transaction => {
    await lockRoom(transaction, roomId)
    const roster = await listRoomAgents(transaction, roomId)
    const wanted = new Set(agentIds)
    if (wanted.size !== agentIds.length || wanted.size !== roster.length || roster.some(entry => !wanted.has(entry.agent_id))) return false
    await transaction.statement('order_room_agents', ORDER_ROOM_AGENTS, [roomId, agentIds])
    return true
  })
}

const ORDER_ROOM_AGENTS = `
update room_agents set position = wanted.position
from unnest($2::uuid[]) with ordinality as wanted (agent_id, position)
where room_agents.room_id = $1 and room_agents.agent_id = wanted.agent_id`

/** Takes an agent off the roster, named by its id or its key (without case); false when it is not on it. */
export async function unassignAgent(database: Database, roomId: string, agentIdOrKey: string): Promise<boolean> {
  return await database.transaction(async transaction => {
    await lockRoom(transaction, roomId)
    const roster = await listRoomAgents(transaction, roomId)
    const named = agentIdOrKey.toLowerCase()
    const entry = roster.find(({ agent }) => agent.id === named) ?? roster.find(({ agent }) => agent.agent_key.toLowerCase() === named)
    if (!entry) return false
    await transaction.kysely.deleteFrom('room_agents').where('id', '=', entry.id).execute()
    await transaction.kysely
      .updateTable('room_agents')
      .set(update => ({ position: update('position', '-', 1) }))
      .where('room_id', '=', roomId)
      .where('position', '>', entry.position)
      .execute()
    return true
  })
}

const lockRoom = (database: Database, roomId: string) =>
  database.kysely.selectFrom('rooms').select('id').where('id', '=', roomId).forUpdate().execute()
