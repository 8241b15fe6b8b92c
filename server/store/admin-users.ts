import { sql } from 'kysely'
import type { UserQuery, UserUpdate } from '../../contract/admin.ts'
import type { AdministeredUser } from '../domain/administered-user.ts'
import type { Admins } from '../domain/roles.ts'
import type { Database } from './database.ts'

// Users as administrators find and change them.

const selectUsers = (database: Database) =>
  database.kysely.selectFrom('users').leftJoin('credit_wallets', 'credit_wallets.user_id', 'users.id')

const userColumns = [
  'users.id',
  'users.email',
  'users.email_verified',
  'users.role',
  'users.suspended_at',
  'users.monthly_credit_cap',
  'credit_wallets.balance',
  'users.created_at',
] as const

/** By the whole id or a part of the e-mail address, newest first. */
export async function pageOfUsers(
  database: Database,
  { query = '', limit, offset }: UserQuery,
): Promise<{ users: AdministeredUser[]; total: number }> {
  const pattern = `%${query.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`
  const all = selectUsers(database)
  const found =
    query === '' ? all : all.where(user => user.or([user('users.id', '=', query), user(sql`lower(users.email)`, 'like', pattern)]))
  const [users, counted] = await Promise.all([
    found.select(userColumns).orderBy('users.created_at', 'desc').orderBy('users.id', 'desc').limit(limit).offset(offset).execute(),
    found.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { users: users as AdministeredUser[], total: counted.total }
}

/** `lock` holds the row until the transaction ends. */
export async function findUser(database: Database, userId: string, lock = false): Promise<AdministeredUser | null> {
  const user = selectUsers(database).select(userColumns).where('users.id', '=', userId)
  const row = await (lock ? user.forNoKeyUpdate('users') : user).executeTakeFirst()
  return (row as AdministeredUser | undefined) ?? null
}

export async function saveUser(database: Database, userId: string, changes: UserUpdate): Promise<void> {
  const { role, suspended, monthly_credit_cap } = changes
  await database.kysely
    .updateTable('users')
    .set({
      updated_at: sql`now()`,
      ...(role !== undefined && { role }),
      ...(suspended !== undefined && { suspended_at: suspended ? sql<string>`coalesce(suspended_at, now())` : null }),
      ...(monthly_credit_cap !== undefined && { monthly_credit_cap }),
    })
    .where('id', '=', userId)
    .execute()
}

const OWNERS_LOCK = 7005

/** Held until the transaction ends: of two owners who take each other's role away at once the second one sees what the first did. */
export async function lockOwners(database: Database): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(OWNERS_LOCK)})`.execute(database.kysely)
}

/** Whether anybody is left who may change things, by role or by configuration. */
export async function activeOwnerExists(database: Database, { userIds, emails }: Admins): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('users')
    .select('id')
    .where('suspended_at', 'is', null)
    .where(user =>
      user.or([
        user('role', '=', 'owner'),
        user('id', '=', sql<string>`any(${[...userIds]}::text[])`),
        user.and([user('email_verified', '=', true), user(sql`lower(email)`, '=', sql`any(${[...emails]}::text[])`)]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
