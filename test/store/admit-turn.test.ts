import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { admitTurn } from '../../server/store/admit-turn.ts'
import { answerIsLost, openDatabase } from '../../server/store/database.ts'
import { withdrawAdmissions } from '../../server/store/turn-run.ts'
import { useTestDatabase } from '../database.ts'
import { freePort } from '../free-port.ts'
import { eventually } from '../redis.ts'
import { startSeverableProxy } from '../severable-proxy.ts'
import { admissionTo, sessionsOn } from './admissions.ts'

const { url, config, pool } = await useTestDatabase()
const { newUser, newSession } = sessionsOn(pool)
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => database.close())

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

test('admissions are withdrawn together, those of each user from one wallet, except what another process has taken over', async () => {
  const [ada, bob] = [await newUser(), await newUser()]
  const sessions = await Promise.all([newSession(ada), newSession(ada), newSession(ada), newSession(bob)])
  const admissions = sessions.map(session => ({ ...admissionTo(session), hold: '1.5' }))
  for (const admission of admissions) expect(await admitTurn(database, admission)).toMatchObject({ kind: 'admitted' })
  const [first, second, taken, ofBob] = admissions.map(({ turnId }) => turnId)
  await pool.query('update turn_runs set fence = fence + 1 where turn_id = $1', [taken])
  const asked = [first!, second!, taken!, ofBob!, randomUUID()]
  expect((await withdrawAdmissions(database, asked, 1)).toSorted()).toEqual([first!, second!, ofBob!].toSorted())
  expect(await withdrawAdmissions(database, asked, 1)).toEqual([])
  const { rows } = await pool.query(
    'select held, running_turns from credit_wallets where user_id in ($1, $2) order by held::numeric desc',
    [ada, bob],
  )
  expect(rows.map(row => [Number(row.held), row.running_turns])).toEqual([
    [1.5, 1],
    [0, 0],
  ])
})

test('an answer is lost when its connection broke or was late, and not when there was none', async () => {
  const proxy = await startSeverableProxy(url)
  const options = { namedStatements: true, onIdleError: () => undefined }
  const away = openDatabase({ config: { host: '127.0.0.1', port: await freePort() }, ...options })
  const single = openDatabase({ config: { connectionString: proxy.url, max: 1, connectionTimeoutMillis: 1_000 } as object, ...options })
  const impatient = openDatabase({ config: { connectionString: proxy.url, query_timeout: 100 } as object, ...options })
  const isLost = (statement: Promise<unknown>) => statement.then(() => null, answerIsLost)

  expect(await isLost(away.statement('away', 'select 1', []))).toBe(false)
  expect(await isLost(impatient.statement('late', 'select pg_sleep(2)', []))).toBe(true)
  expect(await isLost(database.statement('wrong', 'select 1 / 0', []))).toBe(false)
  await single.statement('connect', 'select 1', [])
  const slow = single.statement('slow', 'select pg_sleep(2)', [])
  expect(await isLost(single.statement('behind', 'select 1', []))).toBe(false)
  await slow
  proxy.loseAnswerTo('unheard')
  expect(await isLost(single.statement('unheard', 'select 1', []))).toBe(true)
  await Promise.all([away, single, impatient].map(each => each.close()))
  proxy.close()
})
