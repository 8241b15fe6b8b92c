import type { FastifyInstance } from 'fastify'
import { ModelList } from '../../contract/models.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import { listModels } from '../usecases/list-models.ts'
import { problems, typed } from './api.ts'

export function modelRoutes(scope: FastifyInstance, deps: { catalogue: CatalogueCache }): void {
  typed(scope).get(
    '/models',
    { schema: { summary: 'List the models that can be used', tags: ['Models'], response: { 200: ModelList, ...problems() } } },
    () => listModels(deps),
  )
}
