import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { CatalogueModelList, CatalogueModelRead, CatalogueModelUpdate } from '../../contract/admin.ts'
import { ModelAlias } from '../../contract/models.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import { listCatalogue } from '../usecases/list-catalogue.ts'
import { putModel } from '../usecases/put-model.ts'
import { bodyProblems, callerOf, problems, typed } from './api.ts'

export function adminModelRoutes(scope: FastifyInstance, deps: { database: Database; catalogue: CatalogueCache }): void {
  const app = typed(scope)
  const tags = ['Administration']

  app.get(
    '/models',
    {
      schema: {
        summary: 'List the whole catalogue, disabled and unusable aliases included',
        tags,
        response: { 200: CatalogueModelList, ...problems('admin_required') },
      },
    },
    () => listCatalogue(deps),
  )
  app.put(
    '/models/:alias',
    {
      schema: {
        summary: 'Make an alias or replace what it stands for; a new one gets multiplier 1 unless it has a price already',
        tags,
        params: z.object({ alias: ModelAlias }),
        body: CatalogueModelUpdate,
        response: { 200: CatalogueModelRead, ...problems(...bodyProblems, 'admin_required', 'owner_required') },
      },
    },
    request => putModel(deps, callerOf(request), request.params.alias, request.body),
  )
}
