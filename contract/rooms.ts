import { z } from 'zod'
import { AgentRead } from './agents.ts'
import { deletionTime, IdInput, optionalText, requiredText, Time } from './values.ts'

export const roomModes = ['manual', 'roundtable', 'orchestrator'] as const
export type RoomMode = (typeof roomModes)[number]

/** What clients may write; `tag` is another name for `manual`. The answer to anything else is `unsupported_mode`, which the use case gives. */
export const RoomModeInput = z.string().trim()

export const RoomCreate = z
  .strictObject({
    name: requiredText(200),
    goal: optionalText(10_000).nullable().optional(),
    current_mode: RoomModeInput.default('orchestrator'),
  })
  .meta({ id: 'RoomCreate' })
export type RoomCreate = z.infer<typeof RoomCreate>

export const RoomUpdate = z
  .strictObject({ name: requiredText(200).optional(), goal: optionalText(10_000).nullable().optional() })
  .meta({ id: 'RoomUpdate' })
export type RoomUpdate = z.infer<typeof RoomUpdate>

export const RoomModeUpdate = z.strictObject({ mode: RoomModeInput }).meta({ id: 'RoomModeUpdate' })
export type RoomModeUpdate = z.infer<typeof RoomModeUpdate>

export const RoomRead = z
  .object({
    id: z.uuid(),
    owner_user_id: z.string(),
    name: z.string(),
    goal: z.string().nullable(),
    current_mode: z.enum(roomModes),
    pending_mode: z.enum(roomModes).nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Room' })
export type RoomRead = z.infer<typeof RoomRead>

/** Most agents that a list of rooms tells of each. */
export const LISTED_AGENTS_MAXIMUM = 20

/** What a list shows of each room without asking again; on a list of deleted ones it is left out. */
const glance = {
  last_used_at: Time.nullable().optional().meta({ description: 'The time of its newest turn; not where deleted ones are listed' }),
  agents: z
    .array(AgentRead.pick({ id: true, agent_key: true, name: true }))
    .max(LISTED_AGENTS_MAXIMUM)
    .optional()
    .meta({ description: 'The first in speaking order; not where deleted ones are listed' }),
}

export const ListedRoomRead = RoomRead.extend({ ...deletionTime, ...glance }).meta({ id: 'ListedRoom' })
export type ListedRoomRead = z.infer<typeof ListedRoomRead>

export const RoomList = z.array(ListedRoomRead)

/** Most agents of one room: as many as its list shows. */
export const ROSTER_MAXIMUM = 500

/** `agent_id` is checked to be the caller's own by the use case; a foreign one is 404. */
export const RoomAgentCreate = z
  .strictObject({ agent_id: IdInput, position: z.int().min(1).max(10_000).optional() })
  .meta({ id: 'RoomAgentCreate' })
export type RoomAgentCreate = z.infer<typeof RoomAgentCreate>

export const RoomAgentOrder = z.strictObject({ agent_ids: z.array(IdInput).max(ROSTER_MAXIMUM) }).meta({ id: 'RoomAgentOrder' })
export type RoomAgentOrder = z.infer<typeof RoomAgentOrder>

export const RoomAgentRead = z
  .object({
    id: z.uuid(),
    room_id: z.uuid(),
    agent_id: z.uuid(),
    agent: AgentRead,
    position: z.int(),
    created_at: Time,
  })
  .meta({ id: 'RoomAgent' })
export type RoomAgentRead = z.infer<typeof RoomAgentRead>

export const RoomAgentList = z.array(RoomAgentRead)
