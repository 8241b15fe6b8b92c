import { z } from 'zod'
import { Decimal, Time } from './values.ts'

export const transactionKinds = ['grant', 'debit', 'refund'] as const

export const WalletRead = z.object({ user_id: z.string(), balance: Decimal }).meta({ id: 'Wallet' })
export type WalletRead = z.infer<typeof WalletRead>

export const UsageEventRead = z
  .object({
    id: z.uuid(),
    model_alias: z.string(),
    agent_key: z.string().nullable(),
    credits_burned: Decimal,
    input_tokens: z.int(),
    output_tokens: z.int(),
    turn_id: z.uuid().nullable(),
    created_at: Time,
  })
  .meta({ id: 'UsageEvent' })
export type UsageEventRead = z.infer<typeof UsageEventRead>

export const UsagePage = z.object({ events: z.array(UsageEventRead), total: z.int() }).meta({ id: 'UsagePage' })
export type UsagePage = z.infer<typeof UsagePage>

export const TransactionRead = z
  .object({
    id: z.uuid(),
    kind: z.enum(transactionKinds),
    amount: Decimal,
    initiated_by: z.string().nullable(),
    note: z.string().nullable(),
    reference_id: z.string().nullable(),
    created_at: Time,
  })
  .meta({ id: 'Transaction' })
export type TransactionRead = z.infer<typeof TransactionRead>

export const TransactionPage = z.object({ transactions: z.array(TransactionRead), total: z.int() }).meta({ id: 'TransactionPage' })
export type TransactionPage = z.infer<typeof TransactionPage>
