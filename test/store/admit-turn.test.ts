import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { type Admission, admitTurn } from '../../server/store/admit-turn.ts'
import { openDatabase } from '../../server/store/database.ts'
import { useTestDatabase } from '../database.ts'
import { eventually } from '../redis.ts'

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => database.close())

async function newSession() {
  const [userId, agentId, sessionId] = [randomUUID(), randomUUID(), randomUUID()]
  await pool.query(`insert into users (id, issuer, subject) values ($1, 'test', $1)`, [userId])
  await pool.query('insert into credit_wallets (id, user_id) values ($1, $2)', [randomUUID(), userId])
  await pool.query(`insert into agents (id, owner_user_id, agent_key, name, model_alias) values ($1, $2, 'a', 'Ada', 'deepseek')`, [
    agentId,
    userId,
  ])
  await pool.query('insert into sessions (id, agent_id, started_by_user_id) values ($1, $2, $3)', [sessionId, agentId, userId])
  return { userId, sessionId }
}

const admissionTo = ({ userId, sessionId }: { userId: string; sessionId: string }): Admission => ({
  turnId: randomUUID(),
  sessionId,
  userId,
  roomId: null,
  mode: 'standalone',
  expectedTurnCount: 0,
  request: {},
  hold: '0',
  enforced: false,
  runningTurnsMaximum: 20,
  ownerProcess: 'test',
  leaseSeconds: 20,
  journal: {},
  applyPendingMode: false,
  requestKey: null,
})

const isWaiting = async () =>
  (await pool.query(`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).rowCount === 1

test('an admission that waited for the close of another turn sees that the session has moved on', async () => {
  const session = await newSession()
  const close = new pg.Client(config)
  await close.connect()
  await close.query('begin')
  // What a close does, in its order.
  await close.query('update credit_wallets set balance = balance where user_id = $1', [session.userId])
  await close.query('update sessions set turn_count = turn_count + 1 where id = $1', [session.sessionId])
  const admission = admitTurn(database, admissionTo(session))
  await eventually(isWaiting)
  await close.query('commit')
  await close.end()
  expect(await admission).toEqual({ kind: 'stale' })
  const { rows } = await pool.query('select running_turns from credit_wallets where user_id = $1', [session.userId])
  expect(rows).toEqual([{ running_turns: 0 }])
})

test('a session has one running turn', async () => {
  const session = await newSession()
  const kinds = (await Promise.all(Array.from({ length: 10 }, () => admitTurn(database, admissionTo(session))))).map(({ kind }) => kind)
  expect(kinds.toSorted()).toEqual(['admitted', ...Array.from({ length: 9 }, () => 'turn_in_progress')])
})
