import type { GrantCreate } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { decimal, decimalText } from '../domain/money.ts'
import { notFound } from '../domain/refusal.ts'
import type { RequestKey } from '../domain/request-key.ts'
import { moveCredits } from '../store/admin-wallets.ts'
import { audited } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'
import { type Answered, withIdempotency } from '../store/idempotent-request.ts'

export interface Granted {
  user_id: string
  credits_granted: string
  new_balance: string
  transaction_id: string
}

export function grantCredits(
  { database }: { database: Database },
  caller: Caller,
  userId: string,
  { amount, note }: GrantCreate,
  requestKey: RequestKey | null,
): Promise<Answered<Granted>> {
  return withIdempotency<Granted>(database, requestKey && { userId: caller.userId, ...requestKey }, keep =>
    audited(database, caller.userId, async bound => {
      const moved = await moveCredits(bound, { userId, amount, kind: 'grant', initiatedBy: caller.userId, referenceId: null, note })
      if (!moved) throw notFound('Wallet')
      const { transactionId, balance } = moved
      const before = { balance: decimalText(decimal(balance).minus(amount)) }
      const after = { balance, amount, note, transaction_id: transactionId }
      const granted = { user_id: userId, credits_granted: amount, new_balance: balance, transaction_id: transactionId }
      return { result: await keep(bound, granted), entry: { action: 'credits_granted', target: userId, before, after } }
    }),
  )
}
