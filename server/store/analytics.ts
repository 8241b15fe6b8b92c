import { type RawBuilder, sql } from 'kysely'
import type { UsageAnalyticsQuery, UsageAnalyticsRead, UsageBucket, UsageSummaryQuery, UsageSummaryRead } from '../../contract/admin.ts'
import type { Database } from './database.ts'

// Who used what, from the roll-ups alone, never from single events: what is folded from the coarser ones, the rest from the daily ones
// (migrations/, usage_fold). One statement each, so that totals and rows agree. Statements are made anew for their filters: a general one, planned
// once, could not use the index that fits.

/** Holds when all of them do. */
function where(...conditions: (RawBuilder<unknown> | false)[]): RawBuilder<unknown> {
  const given = conditions.filter(condition => condition !== false)
  return given.length === 0 ? sql`` : sql`where ${sql.join(given, sql` and `)}`
}

/** Days are inclusive. */
const inDays = (from: string | undefined, to: string | undefined) => [
  from !== undefined && sql`day >= ${from}::date`,
  to !== undefined && sql`day <= ${to}::date`,
]

/** What was used, in rows that each belong to one day and alias: few of them, unless it is asked for one user. */
function usedByDay({ user_id, model_alias, from_date, to_date }: Omit<UsageSummaryQuery, 'bucket'>): RawBuilder<unknown> {
  const columns = sql`day, model_alias, call_count, output_tokens, credits_burned, provider_cost_usd`
  const asked = [model_alias !== undefined && sql`model_alias = ${model_alias}`, ...inDays(from_date, to_date)]
  if (user_id !== undefined) return sql`select ${columns} from usage_rollups_daily ${where(sql`user_id = ${user_id}`, ...asked)}`
  return sql`
    select ${columns} from usage_totals_daily ${where(...asked)}
    union all
    select ${columns} from usage_rollups_daily ${where(sql`day >= (select folded_before from usage_fold)`, ...asked)}`
}

/** `bucket` null: nothing by date. */
export async function usageSummary(
  database: Database,
  query: Omit<UsageSummaryQuery, 'bucket'>,
  bucket: UsageBucket | null,
): Promise<UsageSummaryRead> {
  const { from_date = null, to_date = null } = query
  const { rows } = await sql<Omit<UsageSummaryRead, 'from_date' | 'to_date'>>`
    with used as materialized (
      select day, model_alias, sum(call_count) as calls, sum(output_tokens) as output, sum(credits_burned) as credits,
        sum(provider_cost_usd) as cost
      from (${usedByDay(query)}) as rollups group by day, model_alias
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

/**
 * The folded months that lie wholly in the asked days: from `first` on, up to before `last`. The month that is not over counts when the
 * days reach to where it is folded.
 */
const foldedMonths = (from: string | undefined, to: string | undefined) => sql`
  select first, greatest(first, last) as last from (
    select ${from === undefined ? sql`'0001-01-01'::date` : sql`date_trunc('month', ${from}::date + interval '1 month' - interval '1 day')::date`} as first,
      ${to === undefined ? sql`folded_before` : sql`case when folded_before <= ${to}::date + 1 then folded_before else date_trunc('month', ${to}::date + 1)::date end`} as last
    from usage_fold) as bounds`

/** What was used, in rows that each belong to one user and alias. */
function usedByUser(from: string | undefined, to: string | undefined): RawBuilder<unknown> {
  const columns = sql`user_id, model_alias, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned, call_count`
  const [first, last] = [sql`(select first from months)`, sql`(select last from months)`]
  const days = inDays(from, to)
  return sql`
    select ${columns} from usage_rollups_monthly ${where(sql`month >= ${first}`, sql`month < ${last}`)}
    union all
    select ${columns} from usage_rollups_daily ${where(sql`day >= ${last}`, ...days)}
    union all
    select ${columns} from usage_rollups_daily ${where(sql`day < ${first}`, ...days)}`
}

/** Per user and alias, most credits first. */
export async function usageByUserAndModel(database: Database, query: UsageAnalyticsQuery): Promise<UsageAnalyticsRead> {
  const { start_date, end_date, limit, offset } = query
  const { rows } = await sql<Pick<UsageAnalyticsRead, 'rows' | 'total'>>`
    with months as materialized (${foldedMonths(start_date, end_date)}), used as materialized (
      select user_id, model_alias, sum(input_tokens_fresh + input_tokens_cached) as input, sum(output_tokens) as output,
        sum(credits_burned) as credits, sum(call_count) as calls
      from (${usedByUser(start_date, end_date)}) as rollups group by user_id, model_alias
    ), page as (
      select * from used order by credits desc, user_id, model_alias limit ${limit} offset ${offset}
    )
    select (select count(*) from used) as total, coalesce(json_agg(json_build_object('user_id', user_id, 'model_alias', model_alias,
      'total_input_tokens', input, 'total_output_tokens', output, 'total_credits_burned', ${text('credits')}, 'event_count', calls)
      order by credits desc, user_id, model_alias), '[]') as rows
    from page`.execute(database.kysely)
  return { ...rows[0]!, start_date: start_date ?? null, end_date: end_date ?? null }
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
