import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { GrantCreate, RefundCreate, RefundRead, UserGrantRead, UserWalletRead, WalletGrantRead } from '../../contract/admin.ts'
import type { Database } from '../store/database.ts'
import { getUserWallet } from '../usecases/get-user-wallet.ts'
import { grantCredits } from '../usecases/grant-credits.ts'
import { refundDebit } from '../usecases/refund-debit.ts'
import { bodyProblems, callerOf, problems, textPath, typed } from './api.ts'
import { markReplayed, RequestKeyHeaders, requestKeyOf } from './request-key.ts'

export function adminWalletRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  const app = typed(scope)
  const tags = ['Administration']
  const user = textPath('user_id')
  const grant = async (request: FastifyRequest, reply: FastifyReply, userId: string, wish: GrantCreate) => {
    const { answer, replayed } = await grantCredits(deps, callerOf(request), userId, wish, requestKeyOf(request))
    markReplayed(reply, replayed)
    return answer
  }

  app.get(
    '/wallets/:user_id',
    {
      schema: {
        summary: "Read a user's balance and last ledger rows",
        tags,
        params: user,
        response: { 200: UserWalletRead, ...problems('admin_required', 'not_found') },
      },
    },
    request => getUserWallet(deps, request.params.user_id),
  )
  app.post(
    '/wallets/:user_id/grant',
    {
      schema: {
        summary: 'Grant credits',
        tags,
        params: user,
        headers: RequestKeyHeaders,
        body: GrantCreate,
        response: {
          200: WalletGrantRead,
          ...problems(...bodyProblems, 'admin_required', 'owner_required', 'not_found', 'idempotency_conflict'),
        },
      },
    },
    async (request, reply) => {
      const { credits_granted: _, ...granted } = await grant(request, reply, request.params.user_id, request.body)
      return granted
    },
  )
  app.post(
    '/users/:user_id/wallet/grant',
    {
      schema: {
        summary: 'Grant credits, answered with what was granted',
        tags,
        params: user,
        headers: RequestKeyHeaders,
        body: GrantCreate,
        response: {
          200: UserGrantRead,
          ...problems(...bodyProblems, 'admin_required', 'owner_required', 'not_found', 'idempotency_conflict'),
        },
      },
    },
    async (request, reply) => {
      const { transaction_id: _, ...granted } = await grant(request, reply, request.params.user_id, request.body)
      return granted
    },
  )
  app.post(
    '/wallets/:user_id/refund',
    {
      schema: {
        summary: 'Give a debit back, wholly or in part, never more than it was',
        tags,
        params: user,
        headers: RequestKeyHeaders,
        body: RefundCreate,
        response: {
          200: RefundRead,
          ...problems(...bodyProblems, 'admin_required', 'owner_required', 'not_found', 'idempotency_conflict'),
        },
      },
    },
    async (request, reply) => {
      const { user_id } = request.params
      const { answer, replayed } = await refundDebit(deps, callerOf(request), user_id, request.body, requestKeyOf(request))
      markReplayed(reply, replayed)
      return answer
    },
  )
}
