import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { RoomCreate, RoomList, RoomModeUpdate, RoomRead, RoomUpdate } from '../../contract/rooms.ts'
import { deletedQuery } from '../../contract/values.ts'
import type { Database } from '../store/database.ts'
import { createRoom } from '../usecases/create-room.ts'
import { deleteRoom } from '../usecases/delete-room.ts'
import { getRoom } from '../usecases/get-room.ts'
import { listRooms } from '../usecases/list-rooms.ts'
import { restoreRoom } from '../usecases/restore-room.ts'
import { setRoomMode } from '../usecases/set-room-mode.ts'
import { updateRoom } from '../usecases/update-room.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'
import { ifMatch, versionHeaders, withETag } from './etag.ts'

export function roomRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  const app = typed(scope)
  const tags = ['Rooms']
  const one = path('room_id')

  app.post(
    '/rooms',
    { schema: { summary: 'Make a room', tags, body: RoomCreate, response: { 201: RoomRead, ...problems('unsupported_mode') } } },
    async (request, reply) => reply.code(201).send(withETag(reply, await createRoom(deps, callerOf(request), request.body))),
  )
  app.get(
    '/rooms',
    {
      schema: {
        summary: 'List own rooms, newest first',
        tags,
        querystring: z.strictObject(deletedQuery),
        response: { 200: RoomList, ...problems() },
      },
    },
    request => listRooms(deps, callerOf(request), request.query),
  )
  app.get(
    '/rooms/:room_id',
    { schema: { summary: 'Read a room', tags, params: one, response: { 200: RoomRead, ...problems('not_found') } } },
    async (request, reply) => withETag(reply, await getRoom(deps, callerOf(request), request.params.room_id)),
  )
  app.patch(
    '/rooms/:room_id',
    {
      schema: {
        summary: 'Change name or goal',
        tags,
        params: one,
        headers: versionHeaders,
        body: RoomUpdate,
        response: { 200: RoomRead, ...problems('not_found', 'version_conflict') },
      },
    },
    async (request, reply) =>
      withETag(reply, await updateRoom(deps, callerOf(request), request.params.room_id, request.body, ifMatch(request))),
  )
  app.patch(
    '/rooms/:room_id/mode',
    {
      schema: {
        summary: 'Choose the mode; it takes effect at the next send',
        tags,
        params: one,
        headers: versionHeaders,
        body: RoomModeUpdate,
        response: { 200: RoomRead, ...problems('not_found', 'unsupported_mode', 'version_conflict') },
      },
    },
    async (request, reply) =>
      withETag(reply, await setRoomMode(deps, callerOf(request), request.params.room_id, request.body.mode, ifMatch(request))),
  )
  app.delete(
    '/rooms/:room_id',
    {
      schema: {
        summary: 'Delete a room and its sessions',
        tags,
        params: one,
        headers: versionHeaders,
        response: { 204: NoContent, ...problems('not_found', 'version_conflict') },
      },
    },
    async (request, reply) => {
      await deleteRoom(deps, callerOf(request), request.params.room_id, ifMatch(request))
      return reply.code(204).send()
    },
  )
  app.post(
    '/rooms/:room_id/restore',
    {
      schema: {
        summary: 'Bring a room back, its sessions with it, within 7 days of its deletion',
        tags,
        params: one,
        response: { 200: RoomRead, ...problems('not_found') },
      },
    },
    async (request, reply) => withETag(reply, await restoreRoom(deps, callerOf(request), request.params.room_id)),
  )
}
