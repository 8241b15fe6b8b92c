import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { MessagePage, SessionCreate, SessionList, SessionRead, SessionUpdate } from '../../contract/sessions.ts'
import { deletedQuery, pageQuery } from '../../contract/values.ts'
import type { Database } from '../store/database.ts'
import type { SessionScope } from '../store/sessions.ts'
import { createSession } from '../usecases/create-session.ts'
import { deleteSession } from '../usecases/delete-session.ts'
import { getSession } from '../usecases/get-session.ts'
import { listMessages } from '../usecases/list-messages.ts'
import { listSessions } from '../usecases/list-sessions.ts'
import { renameSession } from '../usecases/rename-session.ts'
import { restoreSession } from '../usecases/restore-session.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'

const tags = ['Sessions']

export function sessionRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  scopedSessionRoutes(scope, deps, 'rooms', 'room_id', id => ({ roomId: id }))
  scopedSessionRoutes(scope, deps, 'agents', 'agent_id', id => ({ agentId: id }))
  const app = typed(scope)
  const one = path('session_id')

  app.get(
    '/sessions/:session_id',
    {
      schema: {
        summary: 'Read a session and which turn runs in it',
        tags,
        params: one,
        response: { 200: SessionRead, ...problems('not_found') },
      },
    },
    request => getSession(deps, callerOf(request), request.params.session_id),
  )
  app.patch(
    '/sessions/:session_id',
    {
      schema: {
        summary: 'Name a session',
        tags,
        params: one,
        body: SessionUpdate,
        response: { 200: SessionRead, ...problems('not_found') },
      },
    },
    request => renameSession(deps, callerOf(request), request.params.session_id, request.body),
  )
  app.post(
    '/sessions/:session_id/restore',
    {
      schema: {
        summary: 'Bring a session back within 7 days of its deletion',
        tags,
        params: one,
        response: { 200: SessionRead, ...problems('not_found') },
      },
    },
    request => restoreSession(deps, callerOf(request), request.params.session_id),
  )
  app.get(
    '/sessions/:session_id/messages',
    {
      schema: {
        summary: 'Read the messages, oldest first; private tool traces only with include=private',
        tags,
        params: one,
        querystring: pageQuery(100, 500).extend({ include: z.literal('private').optional() }),
        response: { 200: MessagePage, ...problems('not_found') },
      },
    },
    request => {
      const { include, ...page } = request.query
      return listMessages(deps, callerOf(request), request.params.session_id, page, include === 'private')
    },
  )
}

/** The same three routes below a room and below an agent. */
function scopedSessionRoutes<Id extends 'room_id' | 'agent_id'>(
  scope: FastifyInstance,
  deps: { database: Database },
  owner: 'rooms' | 'agents',
  idName: Id,
  scopeOf: (id: string) => SessionScope,
): void {
  const app = typed(scope)
  const url = `/${owner}/:${idName}/sessions` as const
  const idOf = (params: unknown) => (params as Record<Id, string>)[idName]

  app.post(
    url,
    {
      config: { keyNeeds: 'turns' },
      schema: {
        summary: 'Begin a session',
        tags,
        params: path(idName),
        body: SessionCreate,
        response: { 201: SessionRead, ...problems('not_found') },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await createSession(deps, callerOf(request), scopeOf(idOf(request.params)), request.body)),
  )
  app.get(
    url,
    {
      schema: {
        summary: 'List the sessions, newest first',
        tags,
        params: path(idName),
        querystring: z.strictObject(deletedQuery),
        response: { 200: SessionList, ...problems('not_found') },
      },
    },
    request => listSessions(deps, callerOf(request), scopeOf(idOf(request.params)), request.query),
  )
  app.delete(
    `${url}/:session_id`,
    {
      schema: {
        summary: 'Delete a session',
        tags,
        params: path<string>(idName, 'session_id'),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const sessionId = (request.params as { session_id: string }).session_id
      await deleteSession(deps, callerOf(request), scopeOf(idOf(request.params)), sessionId)
      return reply.code(204).send()
    },
  )
}
