import { expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { removeExpired } from '../../server/store/expired.ts'
import { useTestDatabase } from '../database.ts'

test('rows that have run out go, and the others stay', async () => {
  const { config, pool } = await useTestDatabase()
  await pool.query(`insert into users (id, issuer, subject) values ('u', 'i', 's')`)
  await pool.query(`
    insert into attempts (subject, tried_at, expires_at)
    select encode(sha256(n::text::bytea), 'hex'), '{}', now() + make_interval(secs => case when n % 2 = 0 then 60 else -60 end)
    from generate_series(1, 200) as n`)
  await pool.query(`
    insert into idempotency_keys (user_id, route, key, request_sha256, claim, expires_at)
    select 'u', 'POST /x', n::text, encode(sha256(''), 'hex'), gen_random_uuid(), now() + make_interval(secs => case when n % 2 = 0 then 60 else -60 end)
    from generate_series(1, 10) as n`)
  await pool.query(
    `insert into auth.user (id, name, email, "emailVerified") values ('00000000-0000-7000-8000-000000000001', 'u', 'u@example.org', true)`,
  )
  await pool.query(`
    insert into auth.session (id, token, "userId", "expiresAt", "updatedAt")
    select gen_random_uuid(), n::text, '00000000-0000-7000-8000-000000000001', now() - make_interval(hours => 7 * n), now() from generate_series(-1, 6) as n`)
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
  expect(await removeExpired(database)).toBe(108)
  const left = await pool.query(
    'select (select count(*) from attempts)::int as attempts, (select count(*) from idempotency_keys)::int as keys, (select count(*) from auth.session)::int as sessions',
  )
  expect(left.rows).toEqual([{ attempts: 100, keys: 5, sessions: 5 }])
  await database.close()
})
