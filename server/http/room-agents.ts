import type { FastifyInstance } from 'fastify'
import { RoomAgentCreate, RoomAgentList, RoomAgentOrder, RoomAgentRead } from '../../contract/rooms.ts'
import type { Database } from '../store/database.ts'
import { assignRoomAgent } from '../usecases/assign-room-agent.ts'
import { listRoomAgents } from '../usecases/list-room-agents.ts'
import { orderRoomAgents } from '../usecases/order-room-agents.ts'
import { unassignRoomAgent } from '../usecases/unassign-room-agent.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'

export function roomAgentRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  const app = typed(scope)
  const tags = ['Rooms']
  const room = path('room_id')

  app.post(
    '/rooms/:room_id/agents',
    {
      schema: {
        summary: 'Put an agent into the room',
        tags,
        params: room,
        body: RoomAgentCreate,
        response: { 201: RoomAgentRead, ...problems('not_found', 'conflict') },
      },
    },
    async (request, reply) => reply.code(201).send(await assignRoomAgent(deps, callerOf(request), request.params.room_id, request.body)),
  )
  app.get(
    '/rooms/:room_id/agents',
    {
      schema: {
        summary: "List the room's agents in speaking order",
        tags,
        params: room,
        response: { 200: RoomAgentList, ...problems('not_found') },
      },
    },
    request => listRoomAgents(deps, callerOf(request), request.params.room_id),
  )
  app.put(
    '/rooms/:room_id/agents/order',
    {
      schema: {
        summary: 'Give the whole roster a new order',
        tags,
        params: room,
        body: RoomAgentOrder,
        response: { 200: RoomAgentList, ...problems('not_found') },
      },
    },
    request => orderRoomAgents(deps, callerOf(request), request.params.room_id, request.body.agent_ids),
  )
  app.delete(
    '/rooms/:room_id/agents/:agent_id',
    {
      schema: {
        summary: 'Take an agent, named by id or key, out of the room',
        tags,
        params: path('room_id', 'agent_id'),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await unassignRoomAgent(deps, callerOf(request), request.params.room_id, request.params.agent_id)
      return reply.code(204).send()
    },
  )
}
