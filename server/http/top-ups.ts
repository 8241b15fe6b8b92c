import type { FastifyInstance } from 'fastify'
import { TopUpCreate, TopUpPage, TopUpStarted } from '../../contract/payments.ts'
import { pageQuery } from '../../contract/values.ts'
import type { Payments } from '../payments/payment-provider.ts'
import type { Database } from '../store/database.ts'
import { createTopUp } from '../usecases/create-top-up.ts'
import { listTopUps } from '../usecases/list-top-ups.ts'
import { bodyProblems, callerOf, problems, typed } from './api.ts'
import { markReplayed, RequestKeyHeaders, requestKeyOf } from './request-key.ts'

export function topUpRoutes(scope: FastifyInstance, deps: { database: Database; payments: Payments | null }): void {
  const app = typed(scope)
  const tags = ['Wallet']

  app.post(
    '/users/me/wallet/top-up',
    {
      schema: {
        summary: 'Begin to buy credits; they are granted once the payment came through',
        tags,
        headers: RequestKeyHeaders,
        body: TopUpCreate,
        response: { 200: TopUpStarted, ...problems(...bodyProblems, 'idempotency_conflict', 'payment_not_configured') },
      },
    },
    async (request, reply) => {
      const { answer, replayed } = await createTopUp(deps, callerOf(request), request.body, requestKeyOf(request))
      markReplayed(reply, replayed)
      return answer
    },
  )
  app.get(
    '/users/me/top-ups',
    {
      schema: {
        summary: 'List own top-ups with their state and receipt, newest first',
        tags,
        querystring: pageQuery(50, 200),
        response: { 200: TopUpPage, ...problems() },
      },
    },
    request => listTopUps(deps, callerOf(request), request.query),
  )
}
