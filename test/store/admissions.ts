import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import type { Admission } from '../../server/store/admit-turn.ts'

// Sessions as rows, and admissions to them, for what is tested below the front door.

export interface SessionRow {
  userId: string
  sessionId: string
}

export function sessionsOn(pool: pg.Pool) {
  async function newUser(): Promise<string> {
    const userId = randomUUID()
    await pool.query(`insert into users (id, issuer, subject) values ($1, 'test', $1)`, [userId])
    await pool.query('insert into credit_wallets (id, user_id) values ($1, $2)', [randomUUID(), userId])
    return userId
  }
  async function newSession(ofUser?: string): Promise<SessionRow> {
    const userId = ofUser ?? (await newUser())
    const [agentId, sessionId] = [randomUUID(), randomUUID()]
    await pool.query(`insert into agents (id, owner_user_id, agent_key, name, model_alias) values ($1, $2, $3, 'Ada', 'deepseek')`, [
      agentId,
      userId,
      `a-${agentId.slice(0, 8)}`,
    ])
    await pool.query('insert into sessions (id, agent_id, started_by_user_id) values ($1, $2, $3)', [sessionId, agentId, userId])
    return { userId, sessionId }
  }
  return { newUser, newSession }
}

export const admissionTo = ({ userId, sessionId }: SessionRow): Admission => ({
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
