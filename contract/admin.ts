import { z } from 'zod'
import { roles } from './accounts.ts'
import { ModelAlias, providers } from './models.ts'
import { Day, Decimal, decimalUpTo, pageQuery, plainText, requiredText, Time } from './values.ts'
import { TransactionRead } from './wallet.ts'

// What administrators read and change. Analysts read all of it and change nothing.

/** Ids and names that a query filters by. */
const filter = plainText.trim().min(1).max(320)
const note = plainText.trim().max(256)

// Prices

export const PriceRead = z.object({ model_alias: z.string(), multiplier: Decimal, pricing_version: z.string() }).meta({ id: 'Price' })
export type PriceRead = z.infer<typeof PriceRead>

export const PricingRead = z.object({ pricing_version: z.string(), items: z.array(PriceRead) }).meta({ id: 'Pricing' })
export type PricingRead = z.infer<typeof PricingRead>

export const PriceUpdate = z
  .strictObject({
    multiplier: decimalUpTo('100', 4),
    pricing_version: requiredText(64),
  })
  .meta({ id: 'PriceUpdate' })
export type PriceUpdate = z.infer<typeof PriceUpdate>

// The catalogue

const usdPerMillion = decimalUpTo('1000000', 8, { orZero: true })

export const CatalogueModelUpdate = z
  .strictObject({
    display_name: requiredText(120),
    provider: z.enum(providers),
    provider_model: requiredText(200),
    context_window: z.int().min(1).max(100_000_000),
    input_usd_per_million: usdPerMillion,
    cached_input_usd_per_million: usdPerMillion.nullish().transform(price => price ?? null),
    output_usd_per_million: usdPerMillion,
    enabled: z.boolean(),
    fallback_alias: ModelAlias.nullish().transform(alias => alias ?? null),
  })
  .meta({ id: 'CatalogueModelUpdate' })
export type CatalogueModelUpdate = z.infer<typeof CatalogueModelUpdate>

/** A price that is null makes the alias unusable. */
export const CatalogueModelRead = z
  .object({
    alias: z.string(),
    display_name: z.string(),
    provider: z.enum(providers),
    provider_model: z.string(),
    context_window: z.int(),
    input_usd_per_million: Decimal.nullable(),
    cached_input_usd_per_million: Decimal.nullable(),
    output_usd_per_million: Decimal.nullable(),
    enabled: z.boolean(),
    fallback_alias: z.string().nullable(),
    multiplier: Decimal.nullable().meta({ description: 'In the active pricing version' }),
  })
  .meta({ id: 'CatalogueModel' })
export type CatalogueModelRead = z.infer<typeof CatalogueModelRead>

export const CatalogueModelList = z.array(CatalogueModelRead)

// Settings

export const enforcementSources = ['config', 'override'] as const
export type EnforcementSource = (typeof enforcementSources)[number]

export const SettingsRead = z
  .object({
    enforcement_enabled: z.boolean(),
    enforcement_source: z.enum(enforcementSources),
    low_balance_threshold: Decimal,
    pricing_version: z.string(),
  })
  .meta({ id: 'Settings' })
export type SettingsRead = z.infer<typeof SettingsRead>

export const EnforcementUpdate = z.strictObject({ enabled: z.boolean() }).meta({ id: 'EnforcementUpdate' })
export type EnforcementUpdate = z.infer<typeof EnforcementUpdate>

export const EnforcementRead = z
  .object({ enforcement_enabled: z.boolean(), source: z.enum(enforcementSources) })
  .meta({ id: 'Enforcement' })
export type EnforcementRead = z.infer<typeof EnforcementRead>

// Wallets

export const UserWalletRead = z
  .object({ user_id: z.string(), balance: Decimal, recent_transactions: z.array(TransactionRead) })
  .meta({ id: 'UserWallet' })
export type UserWalletRead = z.infer<typeof UserWalletRead>

export const GrantCreate = z
  .strictObject({
    amount: decimalUpTo('10000', 8),
    note: note.nullish().transform(text => text || null),
  })
  .meta({ id: 'GrantCreate' })
export type GrantCreate = z.infer<typeof GrantCreate>

export const WalletGrantRead = z.object({ user_id: z.string(), new_balance: Decimal, transaction_id: z.uuid() }).meta({ id: 'WalletGrant' })
export type WalletGrantRead = z.infer<typeof WalletGrantRead>

export const UserGrantRead = z.object({ user_id: z.string(), credits_granted: Decimal, new_balance: Decimal }).meta({ id: 'UserGrant' })
export type UserGrantRead = z.infer<typeof UserGrantRead>

/** Without `amount` all that is left of the debit is given back. */
export const RefundCreate = z
  .strictObject({
    transaction_id: z.uuid(),
    amount: decimalUpTo('9999999999', 8)
      .nullish()
      .transform(amount => amount ?? null),
    note: note.min(1, 'must not be blank'),
  })
  .meta({ id: 'RefundCreate' })
export type RefundCreate = z.infer<typeof RefundCreate>

export const RefundRead = z
  .object({ user_id: z.string(), credits_refunded: Decimal, new_balance: Decimal, transaction_id: z.uuid() })
  .meta({ id: 'Refund' })
export type RefundRead = z.infer<typeof RefundRead>

// Users

export const UserQuery = pageQuery(50, 200).extend({ query: plainText.trim().max(320).optional() })
export type UserQuery = z.infer<typeof UserQuery>

export const UserRead = z
  .object({
    id: z.string(),
    email: z.string().nullable(),
    role: z.enum(roles),
    suspended: z.boolean(),
    monthly_credit_cap: Decimal.nullable(),
    balance: Decimal.nullable(),
    created_at: Time,
  })
  .meta({ id: 'User' })
export type UserRead = z.infer<typeof UserRead>

export const UserPage = z.object({ users: z.array(UserRead), total: z.int() }).meta({ id: 'UserPage' })
export type UserPage = z.infer<typeof UserPage>

/** A cap of null takes the cap away. */
export const UserUpdate = z
  .strictObject({
    role: z.enum(roles).optional(),
    suspended: z.boolean().optional(),
    monthly_credit_cap: decimalUpTo('9999999999', 8, { orZero: true }).nullable().optional(),
  })
  .meta({ id: 'UserUpdate' })
export type UserUpdate = z.infer<typeof UserUpdate>

// Usage

export const usageBuckets = ['day', 'week', 'month'] as const
export type UsageBucket = (typeof usageBuckets)[number]

/** `to_date` is part of the range. Any other word for `bucket` is as good as none. */
export const UsageSummaryQuery = z.strictObject({
  user_id: filter.optional(),
  model_alias: filter.optional(),
  from_date: Day.optional(),
  to_date: Day.optional(),
  bucket: z.string().optional().meta({ description: '`day`, `week` (from Monday on) or `month`, in UTC' }),
})
export type UsageSummaryQuery = z.infer<typeof UsageSummaryQuery>

export const ModelUsageRead = z.object({ model_alias: z.string(), call_count: z.int(), credits_burned: Decimal }).meta({ id: 'ModelUsage' })
export type ModelUsageRead = z.infer<typeof ModelUsageRead>

/** `date` is the first day of the bucket. */
export const PeriodUsageRead = z.object({ date: Day, credits_burned: Decimal, call_count: z.int() }).meta({ id: 'PeriodUsage' })
export type PeriodUsageRead = z.infer<typeof PeriodUsageRead>

export const UsageSummaryRead = z
  .object({
    total_credits_burned: Decimal,
    total_llm_calls: z.int(),
    total_output_tokens: z.int(),
    total_provider_cost_usd: Decimal,
    from_date: Day.nullable(),
    to_date: Day.nullable(),
    breakdown: z.array(ModelUsageRead),
    daily: z.array(PeriodUsageRead),
  })
  .meta({ id: 'UsageSummary' })
export type UsageSummaryRead = z.infer<typeof UsageSummaryRead>

export const UsageAnalyticsQuery = pageQuery(20, 200).extend({ start_date: Day.optional(), end_date: Day.optional() })
export type UsageAnalyticsQuery = z.infer<typeof UsageAnalyticsQuery>

export const UserModelUsageRead = z
  .object({
    user_id: z.string(),
    model_alias: z.string(),
    total_input_tokens: z.int(),
    total_output_tokens: z.int(),
    total_credits_burned: Decimal,
    event_count: z.int(),
  })
  .meta({ id: 'UserModelUsage' })
export type UserModelUsageRead = z.infer<typeof UserModelUsageRead>

export const UsageAnalyticsRead = z
  .object({ rows: z.array(UserModelUsageRead), total: z.int(), start_date: Day.nullable(), end_date: Day.nullable() })
  .meta({ id: 'UsageAnalytics' })
export type UsageAnalyticsRead = z.infer<typeof UsageAnalyticsRead>

export const activityWindows = ['day', 'week', 'month'] as const
export type ActivityWindow = (typeof activityWindows)[number]

/** Windows of 1, 7 and 30 days that end on `as_of`, today in UTC unless given. */
export const ActiveUsersQuery = z.strictObject({ window: z.enum(activityWindows).default('day'), as_of: Day.optional() })
export type ActiveUsersQuery = z.infer<typeof ActiveUsersQuery>

export const ActiveUsersRead = z
  .object({ window: z.enum(activityWindows), as_of: Day, active_users: z.int(), new_users: z.int() })
  .meta({ id: 'ActiveUsers' })
export type ActiveUsersRead = z.infer<typeof ActiveUsersRead>

// The audit log

export const auditActions = [
  'price_set',
  'model_set',
  'enforcement_set',
  'enforcement_cleared',
  'user_updated',
  'credits_granted',
  'debit_refunded',
] as const
export type AuditAction = (typeof auditActions)[number]

export const AuditQuery = pageQuery(50, 200).extend({
  actor_user_id: filter.optional(),
  action: z.enum(auditActions).optional(),
  target: filter.optional().meta({ description: 'An alias, the id of a user, the key of a setting' }),
  from_date: Day.optional(),
  to_date: Day.optional(),
})
export type AuditQuery = z.infer<typeof AuditQuery>

export const AuditEntryRead = z
  .object({
    id: z.uuid(),
    actor_user_id: z.string(),
    action: z.enum(auditActions),
    target: z.string(),
    before: z.unknown().meta({ description: 'null: there was nothing' }),
    after: z.unknown().meta({ description: 'null: there is nothing any more' }),
    created_at: Time,
  })
  .meta({ id: 'AuditEntry' })
export type AuditEntryRead = z.infer<typeof AuditEntryRead>

export const AuditPage = z.object({ entries: z.array(AuditEntryRead), total: z.int() }).meta({ id: 'AuditPage' })
export type AuditPage = z.infer<typeof AuditPage>
