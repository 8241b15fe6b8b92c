import { expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { analyst } = program
const { pool } = program.database

const activity = async (query: string) => (await analyst.get(`/admin/analytics/active-users?${query}`)).body
const today = (await pool.query(`select (now() at time zone 'UTC')::date as day`)).rows[0].day

/** A user who started a session at each of these times. */
async function somebody(name: string, ...times: string[]): Promise<void> {
  await pool.query(`insert into users (id, issuer, subject) values ($1, 'elsewhere', $1)`, [name])
  const agentId = crypto.randomUUID()
  await pool.query(`insert into agents (id, owner_user_id, agent_key, name, model_alias) values ($1, $2, 'x', 'X', 'demo')`, [
    agentId,
    name,
  ])
  for (const time of times)
    await pool.query('insert into sessions (id, agent_id, started_by_user_id, created_at) values ($1, $2, $3, $4)', [
      crypto.randomUUID(),
      agentId,
      name,
      time,
    ])
}

test('windows of 1, 7 and 30 days end on the day asked for, both ends included, in UTC', async () => {
  await somebody('early', '2026-03-31T23:59:59Z', '2026-05-01T00:00:00Z')
  await somebody('monthly', '2026-04-02T00:00:00Z')
  await somebody('weekly', '2026-04-25T00:00:00Z', '2026-04-25T12:00:00Z')
  // Elsewhere it is the second of May already, or still the last of April.
  await somebody('daily', '2026-05-01T23:59:59Z')
  await somebody('late', '2026-05-02T00:00:00Z')
  expect(await activity('window=day&as_of=2026-05-01')).toEqual({ window: 'day', as_of: '2026-05-01', active_users: 2, new_users: 1 })
  expect(await activity('window=week&as_of=2026-05-01')).toEqual({ window: 'week', as_of: '2026-05-01', active_users: 3, new_users: 2 })
  expect(await activity('window=month&as_of=2026-05-01')).toEqual({ window: 'month', as_of: '2026-05-01', active_users: 4, new_users: 3 })
  expect(await activity('window=month&as_of=2026-04-30')).toMatchObject({ active_users: 2, new_users: 2 })
  expect(await activity('window=day&as_of=2026-03-31')).toMatchObject({ active_users: 1, new_users: 1 })
})

test('a day that is put in later can still be the first', async () => {
  await somebody('backwards', '2026-07-10T00:00:00Z', '2026-07-01T00:00:00Z')
  expect(await activity('window=day&as_of=2026-07-10')).toMatchObject({ active_users: 1, new_users: 0 })
  expect(await activity('window=day&as_of=2026-07-01')).toMatchObject({ active_users: 1, new_users: 1 })
})

test('signing in is no activity; starting a session is, and so is running a turn on another day', async () => {
  expect(await activity('')).toEqual({ window: 'day', as_of: today, active_users: 0, new_users: 0 })
  const ada = await program.user('ada')
  expect(await activity('')).toMatchObject({ active_users: 0 })
  const { turns } = await newDirectChat(ada, { key: 'writer' })
  expect(await activity('')).toMatchObject({ active_users: 1, new_users: 1 })

  // The session was begun ten days ago, and today a turn runs in it.
  await pool.query(`update user_activity_daily set day = day - 10 where user_id = 'ada-id'`)
  await pool.query(`update users set first_active_on = first_active_on - 10 where id = 'ada-id'`)
  expect(await activity('window=week')).toMatchObject({ active_users: 0, new_users: 0 })
  expect((await ada.post(turns, { message: 'hello' })).status).toBe(201)
  expect(await activity('window=week')).toMatchObject({ active_users: 1, new_users: 0 })
  expect(await activity('window=month')).toMatchObject({ active_users: 1, new_users: 1 })
})

test('a session that is deleted was activity all the same', async () => {
  await somebody('gone', '2026-09-09T09:00:00Z')
  await pool.query(`delete from sessions where started_by_user_id = 'gone'`)
  expect(await activity('as_of=2026-09-09')).toMatchObject({ active_users: 1, new_users: 1 })
})

test('is had as CSV, one line', async () => {
  const csv = await analyst.get('/admin/analytics/active-users?window=month&as_of=2026-05-01', { accept: 'text/csv' })
  expect(csv.body).toBe('window,as_of,active_users,new_users\nmonth,2026-05-01,4,3\n')
})

test.each(['window=year', 'as_of=tomorrow', 'as_of=2026-02-30', 'more=1'])('%s is refused', async query => {
  expect(await activity(query)).toMatchObject({ status: 422, code: 'validation_error' })
})
