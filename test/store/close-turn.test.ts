import { afterAll, expect, test } from 'vitest'
import { endOfLapsed } from '../../server/domain/lapsed-turn.ts'
import { admitTurn } from '../../server/store/admit-turn.ts'
import { type Closing, closeTurn, readClosedTurn } from '../../server/store/close-turn.ts'
import { openDatabase } from '../../server/store/database.ts'
import { useTestDatabase } from '../database.ts'
import { admissionTo, sessionsOn } from './admissions.ts'

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => database.close())
const { newSession } = sessionsOn(pool)

async function admittedTurn() {
  const session = await newSession()
  const admission = admissionTo(session)
  await admitTurn(database, admission)
  const speakers = [{ key: 'ada', name: 'Ada' }]
  const { outcome } = endOfLapsed({
    mode: 'standalone',
    message: 'Go.',
    speakers,
    roster: speakers,
    journal: [],
    said: [],
    isCancelled: false,
  })
  const snapshot = {
    ...session,
    turnId: admission.turnId,
    turnIndex: 1,
    mode: 'standalone' as const,
    message: 'Go.',
    supersedesTurnId: null,
    room: null,
  }
  const closing: Closing = { snapshot, fence: 1, outcome, lowBalanceThreshold: '0' }
  return closing
}

test('a close whose answer was lost is told from that of another process', async () => {
  const turn = await admittedTurn()
  const closing: Closing = { ...turn, outcome: { ...turn.outcome, output: 'said\0' } }
  expect(await readClosedTurn(database, closing)).toBeNull()
  const closed = await closeTurn(database, closing)
  expect(await closeTurn(database, closing)).toBeNull()
  expect(closed).toMatchObject({ creditsBurned: '0' })
  expect(await readClosedTurn(database, closing)).toEqual(closed)
  expect(await readClosedTurn(database, { ...closing, outcome: { ...closing.outcome, output: 'said more' } })).toBeNull()
  expect(await readClosedTurn(database, { ...closing, outcome: { ...closing.outcome, status: 'completed' } })).toBeNull()
})

test('what a turn has written of a conversation goes with its session', async () => {
  const turn = await admittedTurn()
  await closeTurn(database, { ...turn, outcome: { ...turn.outcome, audits: [AUDIT] } })
  const { sessionId } = turn.snapshot
  expect(await rowsOf(sessionId)).toEqual({ turns: 1, messages: 1, audits: 1 })
  await pool.query('delete from sessions where id = $1', [sessionId])
  expect(await rowsOf(sessionId)).toEqual({ turns: 0, messages: 0, audits: 0 })
})

const AUDIT = {
  agent_key: 'ada',
  model_alias: 'deepseek',
  context_window: 8192,
  input_budget: 5000,
  output_reserve: 1000,
  overhead_reserve: 1024,
  estimated_tokens_before: 10,
  estimated_tokens_after_summary: 10,
  estimated_tokens_after_prune: 10,
  summary_triggered: false,
  prune_triggered: false,
  overflow_rejected: false,
}

async function rowsOf(sessionId: string) {
  const { rows } = await pool.query(
    `select (select count(*)::int from turns where session_id = $1) as turns, (select count(*)::int from messages where session_id = $1) as messages,
      (select count(*)::int from turn_context_audit where session_id = $1) as audits`,
    [sessionId],
  )
  return rows[0]
}
