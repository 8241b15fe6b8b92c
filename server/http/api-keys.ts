import type { FastifyInstance } from 'fastify'
import { ApiKeyCreate, ApiKeyCreated, ApiKeyList } from '../../contract/api-keys.ts'
import { createApiKey } from '../usecases/create-api-key.ts'
import { listApiKeys } from '../usecases/list-api-keys.ts'
import { type RevokeApiKeyDependencies, revokeApiKey } from '../usecases/revoke-api-key.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'

/** No key makes, lists or revokes keys: one that leaked could not be taken back. */
const config = { keyNeeds: 'person' } as const
const tags = ['Accounts']

export function apiKeyRoutes(scope: FastifyInstance, deps: RevokeApiKeyDependencies): void {
  const app = typed(scope)

  app.post(
    '/users/me/api-keys',
    {
      config,
      schema: {
        summary: 'Make an API key, a bearer token that acts as its user; it is shown this once',
        tags,
        body: ApiKeyCreate,
        response: { 201: ApiKeyCreated, ...problems('conflict') },
      },
    },
    async (request, reply) => reply.code(201).send(await createApiKey(deps, callerOf(request), request.body)),
  )
  app.get(
    '/users/me/api-keys',
    { config, schema: { summary: 'List own API keys, newest first', tags, response: { 200: ApiKeyList, ...problems() } } },
    request => listApiKeys(deps, callerOf(request)),
  )
  app.delete(
    '/users/me/api-keys/:api_key_id',
    {
      config,
      schema: {
        summary: 'Revoke an API key; it is refused everywhere within 5 seconds',
        tags,
        params: path('api_key_id'),
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await revokeApiKey(deps, callerOf(request), request.params.api_key_id)
      return reply.code(204).send()
    },
  )
}
