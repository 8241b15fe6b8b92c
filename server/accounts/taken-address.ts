import { randomUUID } from 'node:crypto'
import type { UnitOfWork } from './unit-of-work.ts'

/**
 * Where everybody may sign up, the answer must not say who has done so before. A sign-up with a taken address is worked off as any other
 * is, under an address that nobody has, answered under its own, and undone. This gives the address to work it off under; null where
 * `email` is free. Two sign-ups with one address come one after the other, so that the second is no error that tells.
 */
export async function standInFor(unit: UnitOfWork, email: string): Promise<string | null> {
  await unit.statement('', `select pg_advisory_xact_lock(hashtextextended('sign-up ' || $1, 0))`, [email])
  const taken = await unit.statement('', 'select 1 from auth."user" where email = $1', [email])
  if (taken.length === 0) return null
  unit.pretendedEmail = email
  return `${randomUUID()}@taken.invalid`
}
