import type { Database } from './database.ts'

/** The days that may be folded now, once every transaction before `mark` has ended. */
export interface FoldLimit {
  /** Exclusive. */
  before: string
  mark: string
}

/**
 * A close writes the day on which it began. One that wrote before its day was over has a lower transaction number than `mark`; one that
 * wrote later was seen by the trigger usage_rollups_daily_late. The hour is for clocks that are set back.
 */
export async function foldLimit(database: Database): Promise<FoldLimit> {
  const [limit] = await database.statement<FoldLimit>('fold_limit', FOLD_LIMIT, [])
  return limit!
}

const FOLD_LIMIT = `
select ((now() - interval '1 hour') at time zone 'UTC')::date as before, pg_current_xact_id()::text as mark`

/** Whether every transaction that had written something before `mark` has ended. */
export async function writersEnded(database: Database, mark: string): Promise<boolean> {
  const [row] = await database.statement<{ ended: boolean }>('writers_ended', WRITERS_ENDED, [mark])
  return row!.ended
}

const WRITERS_ENDED = 'select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as ended'

/** Folds the next day that was used and lies before `before`. Says whether there may be more. */
export async function foldNextDay(database: Database, before: string): Promise<boolean> {
  return await database.transaction(async transaction => {
    const [fold] = await transaction.statement<{ foldedBefore: string }>('lock_fold', LOCK_FOLD, [])
    if (fold!.foldedBefore >= before) return false
    const [folded] = await transaction.statement<{ foldedBefore: string }>('fold_day', FOLD_DAY, [fold!.foldedBefore, before])
    return folded!.foldedBefore < before
  })
}

const LOCK_FOLD = `select folded_before as "foldedBefore" from usage_fold for update`

const FOLD_DAY = `
with next as (
  select min(day) as day from usage_rollups_daily where day >= $1::date and day < $2::date
), used as materialized (
  select * from usage_rollups_daily where day = (select day from next)
), totals as (
  insert into usage_totals_daily (day, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned,
    provider_cost_usd)
  select day, model_alias, sum(call_count), sum(input_tokens_fresh), sum(input_tokens_cached), sum(output_tokens), sum(credits_burned),
    sum(provider_cost_usd)
  from used group by day, model_alias
), months as (
  insert into usage_rollups_monthly as monthly (user_id, month, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens,
    credits_burned, provider_cost_usd)
  select user_id, date_trunc('month', day)::date, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens,
    credits_burned, provider_cost_usd
  from used
  on conflict (month, user_id, model_alias) do update set
    call_count = monthly.call_count + excluded.call_count,
    input_tokens_fresh = monthly.input_tokens_fresh + excluded.input_tokens_fresh,
    input_tokens_cached = monthly.input_tokens_cached + excluded.input_tokens_cached,
    output_tokens = monthly.output_tokens + excluded.output_tokens,
    credits_burned = monthly.credits_burned + excluded.credits_burned,
    provider_cost_usd = monthly.provider_cost_usd + excluded.provider_cost_usd
)
update usage_fold set folded_before = coalesce((select day + 1 from next), $2::date) returning folded_before as "foldedBefore"`
