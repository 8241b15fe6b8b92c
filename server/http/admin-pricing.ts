import type { FastifyInstance } from 'fastify'
import { PriceRead, PriceUpdate, PricingRead } from '../../contract/admin.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import { getPricing } from '../usecases/get-pricing.ts'
import { setPrice } from '../usecases/set-price.ts'
import { bodyProblems, callerOf, problems, textPath, typed } from './api.ts'
import { ifMatch, versionHeaders, withETag } from './etag.ts'

export function adminPricingRoutes(scope: FastifyInstance, deps: { database: Database; catalogue: CatalogueCache }): void {
  const app = typed(scope)
  const tags = ['Administration']

  app.get(
    '/pricing',
    { schema: { summary: 'Read the active prices', tags, response: { 200: PricingRead, ...problems('admin_required') } } },
    async (_request, reply) => withETag(reply, await getPricing(deps)),
  )
  app.patch(
    '/pricing/:alias',
    {
      schema: {
        summary: 'Set the multiplier of an alias; it holds from the next call on',
        tags,
        params: textPath('alias'),
        headers: versionHeaders,
        body: PriceUpdate,
        response: { 200: PriceRead, ...problems(...bodyProblems, 'admin_required', 'owner_required', 'not_found', 'version_conflict') },
      },
    },
    async (request, reply) =>
      withETag(reply, await setPrice(deps, callerOf(request), request.params.alias, request.body, ifMatch(request))),
  )
}
