import type { FastifyInstance } from 'fastify'
import {
  ActiveUsersQuery,
  ActiveUsersRead,
  type ModelUsageRead,
  type PeriodUsageRead,
  UsageAnalyticsQuery,
  UsageAnalyticsRead,
  UsageSummaryQuery,
  UsageSummaryRead,
  usageBuckets,
} from '../../contract/admin.ts'
import type { Database } from '../store/database.ts'
import { analyseActivity } from '../usecases/analyse-activity.ts'
import { analyseUsage } from '../usecases/analyse-usage.ts'
import { summariseUsage } from '../usecases/summarise-usage.ts'
import { problems, typed } from './api.ts'
import { jsonOrCsv, sendRows } from './csv.ts'

export function adminAnalyticsRoutes(scope: FastifyInstance, deps: { database: Database }): void {
  const app = typed(scope)
  const tags = ['Administration']

  app.get(
    '/usage/summary',
    {
      schema: {
        summary: 'Sum up usage by alias and by day, week or month; as CSV the rows by date, or without a bucket those by alias',
        tags,
        querystring: UsageSummaryQuery,
        response: { 200: jsonOrCsv(UsageSummaryRead), ...problems('admin_required') },
      },
    },
    async (request, reply) => {
      const summary = await summariseUsage(deps, request.query)
      if (usageBuckets.some(bucket => bucket === request.query.bucket))
        return sendRows<PeriodUsageRead>(request, reply, summary, ['date', 'credits_burned', 'call_count'], summary.daily)
      return sendRows<ModelUsageRead>(request, reply, summary, ['model_alias', 'call_count', 'credits_burned'], summary.breakdown)
    },
  )
  app.get(
    '/analytics/usage',
    {
      schema: {
        summary: 'List usage per user and alias, most credits first',
        tags,
        querystring: UsageAnalyticsQuery,
        response: { 200: jsonOrCsv(UsageAnalyticsRead), ...problems('admin_required') },
      },
    },
    async (request, reply) => {
      const usage = await analyseUsage(deps, request.query)
      return sendRows(request, reply, usage, USAGE_COLUMNS, usage.rows)
    },
  )
  app.get(
    '/analytics/active-users',
    {
      schema: {
        summary: 'Count users who started a session or ran a turn in the 1, 7 or 30 days up to as_of, and those who did for the first time',
        tags,
        querystring: ActiveUsersQuery,
        response: { 200: jsonOrCsv(ActiveUsersRead), ...problems('admin_required') },
      },
    },
    async (request, reply) => {
      const activity = await analyseActivity(deps, request.query)
      return sendRows(request, reply, activity, ['window', 'as_of', 'active_users', 'new_users'], [activity])
    },
  )
}

const USAGE_COLUMNS = [
  'user_id',
  'model_alias',
  'total_input_tokens',
  'total_output_tokens',
  'total_credits_burned',
  'event_count',
] as const
