import type { RefundCreate, RefundRead } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { refundAmount } from '../domain/debit-refund.ts'
import { notFound } from '../domain/refusal.ts'
import type { RequestKey } from '../domain/request-key.ts'
import { findRefundable, lockWallet, moveCredits } from '../store/admin-wallets.ts'
import { audited } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'
import { type Answered, withIdempotency } from '../store/idempotent-request.ts'

/** Gives a debit back, wholly or in part. The wallet is locked before what was given back already is counted. */
export function refundDebit(
  { database }: { database: Database },
  caller: Caller,
  userId: string,
  { transaction_id: debitId, amount: wished, note }: RefundCreate,
  requestKey: RequestKey | null,
): Promise<Answered<RefundRead>> {
  return withIdempotency<RefundRead>(database, requestKey && { userId: caller.userId, ...requestKey }, keep =>
    audited(database, caller.userId, async bound => {
      const before = await lockWallet(bound, userId)
      if (before === null) throw notFound('Wallet')
      const row = await findRefundable(bound, userId, debitId)
      if (!row) throw notFound('Transaction')
      const amount = refundAmount(row, wished)
      const move = { userId, amount, kind: 'refund', initiatedBy: caller.userId, referenceId: debitId, note } as const
      const { transactionId, balance } = (await moveCredits(bound, move))!
      const refunded = { user_id: userId, credits_refunded: amount, new_balance: balance, transaction_id: transactionId }
      const after = { balance, amount, note, refunded_transaction_id: debitId, transaction_id: transactionId }
      return {
        result: await keep(bound, refunded),
        entry: { action: 'debit_refunded', target: userId, before: { balance: before }, after },
      }
    }),
  )
}
