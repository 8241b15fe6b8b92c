import type { Database } from './database.ts'

/** A day whose roll-up is not the sum of its calls. */
export interface RollupDifference {
  user_id: string
  day: string
  model_alias: string
}

/** Compares the roll-ups of the last `days` days with the calls they are made of; by one statement, so that no close lies between. */
export async function rollupDifferences(database: Database, days: number): Promise<RollupDifference[]> {
  return await database.statement<RollupDifference>('rollup_differences', ROLLUP_DIFFERENCES, [days])
}

const ROLLUP_DIFFERENCES = `
with calls as (
  select user_id, (created_at at time zone 'UTC')::date as day, model_alias, count(*) as call_count, sum(input_tokens_fresh) as fresh,
    sum(input_tokens_cached) as cached, sum(output_tokens) as output
  from llm_call_events
  where created_at >= (date_trunc('day', now() at time zone 'UTC') - make_interval(days => $1)) at time zone 'UTC'
  group by 1, 2, 3
), rollups as (
  select user_id, day, model_alias, call_count, input_tokens_fresh as fresh, input_tokens_cached as cached, output_tokens as output
  from usage_rollups_daily where day >= (now() at time zone 'UTC')::date - $1::int
)
select user_id, day, model_alias from (
  (select * from calls except select * from rollups) union (select * from rollups except select * from calls)
) as differing group by 1, 2, 3 order by day desc, user_id, model_alias limit 1000`
