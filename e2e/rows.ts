import pg from 'pg'
import { afterAll } from 'vitest'

/** Rows that no request makes at once: what takes its time, or comes about only when something breaks. */
export function useTestRows(databaseUrl: string) {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  afterAll(() => pool.end())
  return {
    /** A job that was given up; its id. */
    async failedJob(name: string, data: object, message: string): Promise<string> {
      const { rows } = await pool.query(
        `insert into pgboss.job (name, data, state, output, completed_on) values ($1, $2, 'failed', $3, now()) returning id`,
        [name, data, { message }],
      )
      return rows[0].id
    },
    async forgetJob(id: string): Promise<void> {
      await pool.query('delete from pgboss.job where id = $1', [id])
    },
    /** Uses of keys are written half a minute later. */
    async keysUsed(): Promise<void> {
      await pool.query('update api_keys set last_used_at = now()')
    },
    /** One call today of each of so many users. */
    async usage(users: number): Promise<void> {
      await pool.query(
        `with made as (
          insert into users (id, issuer, subject)
          select 'many-' || at, 'elsewhere', 'many-' || at from generate_series(1, $1) as at returning id
        )
        insert into usage_rollups_daily (
          user_id, day, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens, credits_burned, provider_cost_usd
        ) select id, (now() at time zone 'utc')::date, 'llama', 1, 10, 0, 10, 0.001, 0 from made`,
        [users],
      )
    },
  }
}
