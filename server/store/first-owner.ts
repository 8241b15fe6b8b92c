import type { Database } from './database.ts'

type Statements = Pick<Database, 'statement'>

export async function firstOwnerExists(database: Statements): Promise<boolean> {
  return (await database.statement('first_owner_exists', 'select 1 from first_owner', [])).length > 0
}

/** True for the one whose row it is. The table holds one row: a second claim waits until the first is decided, then finds it. */
export async function claimFirstOwner(database: Statements, userId: string): Promise<boolean> {
  const claim = 'insert into first_owner (user_id) values ($1) on conflict do nothing returning user_id'
  return (await database.statement('claim_first_owner', claim, [userId])).length > 0
}
