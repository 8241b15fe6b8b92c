import type { Database } from './database.ts'

/** A row that is not the sum of what it is made of. `user_id` is null in a total over all users; `day` is the first of a month that differs. */
export interface RollupDifference {
  table: 'usage_rollups_daily' | 'usage_totals_daily' | 'usage_rollups_monthly'
  user_id: string | null
  day: string
  model_alias: string
}

/**
 * Compares the roll-ups of the last `days` days with the calls they are made of, and what is folded of those days and of their months with
 * the roll-ups; by one statement, so that no close or fold lies between.
 */
export async function rollupDifferences(database: Database, days: number): Promise<RollupDifference[]> {
  return await database.statement<RollupDifference>('rollup_differences', ROLLUP_DIFFERENCES, [days])
}

const SUMS = `sum(call_count) as call_count, sum(input_tokens_fresh) as fresh, sum(input_tokens_cached) as cached, sum(output_tokens) as output,
    sum(credits_burned) as credits, sum(provider_cost_usd) as cost`
const AMOUNTS = 'call_count, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned, provider_cost_usd'

const ROLLUP_DIFFERENCES = `
with since as (
  select (now() at time zone 'UTC')::date - $1::int as day
), calls as (
  select user_id, (created_at at time zone 'UTC')::date as day, model_alias, count(*) as call_count, sum(input_tokens_fresh) as fresh,
    sum(input_tokens_cached) as cached, sum(output_tokens) as output
  from llm_call_events
  where created_at >= (select day from since)::timestamp at time zone 'UTC'
  group by 1, 2, 3
), rollups as (
  select user_id, day, model_alias, call_count, input_tokens_fresh as fresh, input_tokens_cached as cached, output_tokens as output
  from usage_rollups_daily where day >= (select day from since)
), folded as (
  select * from usage_rollups_daily
  where day >= (select date_trunc('month', day)::date from since) and day < (select folded_before from usage_fold)
), summed_totals as (
  select day, model_alias, ${SUMS} from folded group by 1, 2
), totals as (
  select day, model_alias, ${AMOUNTS} from usage_totals_daily where day >= (select date_trunc('month', day)::date from since)
), summed_months as (
  select user_id, date_trunc('month', day)::date as month, model_alias, ${SUMS} from folded group by 1, 2, 3
), months as (
  select user_id, month, model_alias, ${AMOUNTS} from usage_rollups_monthly where month >= (select date_trunc('month', day)::date from since)
)
select "table", user_id, day, model_alias from (
  select 'usage_rollups_daily' as "table", user_id, day, model_alias from (
    (select * from calls except select * from rollups) union (select * from rollups except select * from calls)) as differing
  union select 'usage_totals_daily', null, day, model_alias from (
    (select * from summed_totals except select * from totals) union (select * from totals except select * from summed_totals)) as differing
  union select 'usage_rollups_monthly', user_id, month, model_alias from (
    (select * from summed_months except select * from months) union (select * from months except select * from summed_months)) as differing
) as differences order by day desc, "table", user_id, model_alias limit 1000`
