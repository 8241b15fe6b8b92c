import { type RawBuilder, sql } from 'kysely'
import type { UsageAnalyticsQuery, UsageAnalyticsRead, UsageBucket, UsageSummaryQuery, UsageSummaryRead } from '../../contract/admin.ts'
import type { Database } from './database.ts'

// Who used what, from the daily roll-ups alone, never from single events. One statement each, so that totals and rows agree.
// Statements are made anew for their filters: a general one, planned once, could not use the index that fits.

/** Of usage_rollups_daily; days are inclusive. */
function where(filters: { user_id?: string; model_alias?: string; from?: string; to?: string }): RawBuilder<unknown> {
  const conditions = [
    filters.user_id !== undefined && sql`user_id = ${filters.user_id}`,
    filters.model_alias !== undefined && sql`model_alias = ${filters.model_alias}`,
    filters.from !== undefined && sql`day >= ${filters.from}::date`,
    filters.to !== undefined && sql`day <= ${filters.to}::date`,
  ].filter(condition => condition !== false)
  return conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`
}

/** `bucket` null: nothing by date. */
export async function usageSummary(
  database: Database,
  query: Omit<UsageSummaryQuery, 'bucket'>,
  bucket: UsageBucket | null,
): Promise<UsageSummaryRead> {
  const { from_date = null, to_date = null, ...filters } = query
  const rollups = where({ ...filters, ...(from_date && { from: from_date }), ...(to_date && { to: to_date }) })
  const { rows } = await sql<Omit<UsageSummaryRead, 'from_date' | 'to_date'>>`
    with used as materialized (
      select day, model_alias, sum(call_count) as calls, sum(output_tokens) as output, sum(credits_burned) as credits,
        sum(provider_cost_usd) as cost
      from usage_rollups_daily ${rollups} group by day, model_alias
    )
    select coalesce(sum(credits), 0) as total_credits_burned, coalesce(sum(calls), 0)::bigint as total_llm_calls,
      coalesce(sum(output), 0)::bigint as total_output_tokens, coalesce(sum(cost), 0) as total_provider_cost_usd,
      (select coalesce(json_agg(json_build_object('model_alias', model_alias, 'call_count', calls, 'credits_burned', ${text('credits')})
          order by credits desc, model_alias), '[]')
        from (select model_alias, sum(calls) as calls, sum(credits) as credits from used group by model_alias) as by_alias
      ) as breakdown,
      ${bucket === null ? sql`'[]'::json` : daily(bucket)} as daily
    from used`.execute(database.kysely)
  return { ...rows[0]!, from_date, to_date }
}

const daily = (bucket: UsageBucket) => sql`(
  select coalesce(
    json_agg(json_build_object('date', period, 'credits_burned', ${text('credits')}, 'call_count', calls) order by period), '[]')
  from (
    select date_trunc(${sql.lit(bucket)}, day::timestamp)::date as period, sum(calls) as calls, sum(credits) as credits
    from used group by period
  ) as by_period)`

/** A decimal inside JSON, as the contract writes it. */
const text = (column: string) => sql`trim_scale(${sql.ref(column)})::text`

/** Per user and alias, most credits first. */
export async function usageByUserAndModel(database: Database, query: UsageAnalyticsQuery): Promise<UsageAnalyticsRead> {
  const { start_date = null, end_date = null, limit, offset } = query
  const { rows } = await sql<Pick<UsageAnalyticsRead, 'rows' | 'total'>>`
    with used as materialized (
      select user_id, model_alias, sum(input_tokens_fresh + input_tokens_cached) as input, sum(output_tokens) as output,
        sum(credits_burned) as credits, sum(call_count) as calls
      from usage_rollups_daily ${where({ ...(start_date && { from: start_date }), ...(end_date && { to: end_date }) })}
      group by user_id, model_alias
    ), page as (
      select * from used order by credits desc, user_id, model_alias limit ${limit} offset ${offset}
    )
    select (select count(*) from used) as total, coalesce(json_agg(json_build_object('user_id', user_id, 'model_alias', model_alias,
      'total_input_tokens', input, 'total_output_tokens', output, 'total_credits_burned', ${text('credits')}, 'event_count', calls)
      order by credits desc, user_id, model_alias), '[]') as rows
    from page`.execute(database.kysely)
  return { ...rows[0]!, start_date, end_date }
}

export interface Activity {
  asOf: string
  activeUsers: number
  newUsers: number
}

/** Users who started a session or ran a turn in the `days` days that end on `asOf` (null: today, UTC), and those who had never before. */
export async function countActiveUsers(database: Database, days: number, asOf: string | null): Promise<Activity> {
  const [row] = await database.statement<Activity>('count_active_users', COUNT_ACTIVE_USERS, [days, asOf])
  return row!
}

const COUNT_ACTIVE_USERS = `
with span as (
  select as_of - $1::int + 1 as first_day, as_of from (select coalesce($2::date, (now() at time zone 'UTC')::date) as as_of) as chosen
)
select as_of as "asOf",
  (select count(distinct user_id) from user_activity_daily where day between first_day and as_of) as "activeUsers",
  (select count(*) from users where first_active_on between first_day and as_of) as "newUsers"
from span`
