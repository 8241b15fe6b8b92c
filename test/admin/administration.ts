import { expect } from 'vitest'
import { type Client, type TestProgram, useProgram } from '../program.ts'

export interface Administration extends TestProgram {
  /** An owner by configuration. */
  owner: Client
  analyst: Client
  /** The newest line of the audit log. */
  lastChange(): Promise<{ actor_user_id: string; action: string; target: string; before: unknown; after: unknown }>
  countChanges(): Promise<number>
}

/** The program with an owner and an analyst. */
export async function useAdministration(environment: Record<string, string> = {}): Promise<Administration> {
  const program = await useProgram({ ADMIN_USER_IDS: 'owner-id', ...environment })
  const owner = await program.user('owner')
  const analyst = await program.user('analyst')
  const promoted = await owner.send('PATCH', `/admin/users/${analyst.userId}`, { role: 'analyst' })
  expect(promoted.body).toMatchObject({ role: 'analyst' })
  const { pool } = program.database
  return {
    ...program,
    owner,
    analyst,
    async lastChange() {
      const { rows } = await pool.query('select * from admin_audit_log order by created_at desc, id desc limit 1')
      return rows[0]
    },
    async countChanges() {
      const { rows } = await pool.query('select count(*) from admin_audit_log')
      return rows[0].count
    },
  }
}
