import type { FastifyInstance } from 'fastify'
import { AgentCreate, AgentPage, AgentRead, AgentUpdate } from '../../contract/agents.ts'
import { deletedQuery, pageQuery } from '../../contract/values.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import { createAgent } from '../usecases/create-agent.ts'
import { deleteAgent } from '../usecases/delete-agent.ts'
import { getAgent } from '../usecases/get-agent.ts'
import { listAgents } from '../usecases/list-agents.ts'
import { restoreAgent } from '../usecases/restore-agent.ts'
import { updateAgent } from '../usecases/update-agent.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'
import { ifMatch, versionHeaders, withETag } from './etag.ts'

export function agentRoutes(scope: FastifyInstance, deps: { database: Database; catalogue: CatalogueCache }): void {
  const app = typed(scope)
  const one = path('agent_id')

  app.post(
    '/agents',
    { schema: { summary: 'Make an agent', tags: ['Agents'], body: AgentCreate, response: { 201: AgentRead, ...problems('conflict') } } },
    async (request, reply) => reply.code(201).send(withETag(reply, await createAgent(deps, callerOf(request), request.body))),
  )
  app.get(
    '/agents',
    {
      schema: {
        summary: 'List own agents, newest first',
        tags: ['Agents'],
        querystring: pageQuery(50, 200).extend(deletedQuery),
        response: { 200: AgentPage, ...problems() },
      },
    },
    request => listAgents(deps, callerOf(request), request.query),
  )
  app.get(
    '/agents/:agent_id',
    { schema: { summary: 'Read an agent', tags: ['Agents'], params: one, response: { 200: AgentRead, ...problems('not_found') } } },
    async (request, reply) => withETag(reply, await getAgent(deps, callerOf(request), request.params.agent_id)),
  )
  app.patch(
    '/agents/:agent_id',
    {
      schema: {
        summary: 'Change an agent; past and running turns stay as they are',
        tags: ['Agents'],
        params: one,
        headers: versionHeaders,
        body: AgentUpdate,
        response: { 200: AgentRead, ...problems('not_found', 'conflict', 'version_conflict') },
      },
    },
    async (request, reply) =>
      withETag(reply, await updateAgent(deps, callerOf(request), request.params.agent_id, request.body, ifMatch(request))),
  )
  app.delete(
    '/agents/:agent_id',
    {
      schema: {
        summary: 'Delete an agent',
        tags: ['Agents'],
        params: one,
        headers: versionHeaders,
        response: { 204: NoContent, ...problems('not_found', 'version_conflict') },
      },
    },
    async (request, reply) => {
      await deleteAgent(deps, callerOf(request), request.params.agent_id, ifMatch(request))
      return reply.code(204).send()
    },
  )
  app.post(
    '/agents/:agent_id/restore',
    {
      schema: {
        summary: 'Bring an agent back within 7 days of its deletion',
        tags: ['Agents'],
        params: one,
        response: { 200: AgentRead, ...problems('not_found', 'conflict') },
      },
    },
    async (request, reply) => withETag(reply, await restoreAgent(deps, callerOf(request), request.params.agent_id)),
  )
}
