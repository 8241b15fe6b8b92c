import type { FastifyInstance } from 'fastify'
import { pageQuery } from '../../contract/values.ts'
import { TransactionPage, UsagePage, WalletRead } from '../../contract/wallet.ts'
import type { Database } from '../store/database.ts'
import { getWallet } from '../usecases/get-wallet.ts'
import { listTransactions } from '../usecases/list-transactions.ts'
import { listUsage } from '../usecases/list-usage.ts'
import { callerOf, problems, typed } from './api.ts'

export function walletRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  const app = typed(scope)
  const tags = ['Wallet']

  app.get(
    '/users/me/wallet',
    { schema: { summary: 'Read the own balance', tags, response: { 200: WalletRead, ...problems() } } },
    request => getWallet(deps, callerOf(request)),
  )
  app.get(
    '/users/me/usage',
    {
      schema: {
        summary: 'List own model calls, newest first',
        tags,
        querystring: pageQuery(50, 200),
        response: { 200: UsagePage, ...problems() },
      },
    },
    request => listUsage(deps, callerOf(request), request.query),
  )
  app.get(
    '/users/me/transactions',
    {
      schema: {
        summary: 'List own ledger rows, newest first',
        tags,
        querystring: pageQuery(50, 200),
        response: { 200: TransactionPage, ...problems() },
      },
    },
    request => listTransactions(deps, callerOf(request), request.query),
  )
}
