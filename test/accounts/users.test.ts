import { afterAll, expect, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { findOrCreateUser, type Identity, setStoredRole } from '../../server/store/users.ts'
import { useTestDatabase } from '../database.ts'

const { config, pool } = await useTestDatabase()
const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
afterAll(() => void database.close())

const FIRST_SIGHT = { localIssuer: 'local', signupGrant: '100.5' }
const ISSUER = 'https://issuer.example'
const somebody = (subject: string, more: Partial<Identity> = {}): Identity => ({
  issuer: ISSUER,
  subject,
  email: null,
  emailVerified: false,
  sessionId: null,
  ...more,
})
const rows = async (statement: string, ...values: unknown[]) => (await pool.query(statement, values)).rows

test('a user, a wallet and a grant are made at first sight', async () => {
  const user = await findOrCreateUser(database, somebody('first', { email: 'ada@example.org', emailVerified: true }), FIRST_SIGHT)
  expect(user).toEqual({
    id: 'first',
    email: 'ada@example.org',
    email_verified: true,
    role: 'user',
    suspended_at: null,
    erased_at: null,
    signed_out_at: null,
    session_ended: false,
  })
  expect(await rows('select balance, held from credit_wallets where user_id = $1', 'first')).toEqual([{ balance: '100.5', held: '0' }])
  expect(await rows('select amount, kind, initiated_by, reference_id from credit_transactions where user_id = $1', 'first')).toEqual([
    { amount: '100.5', kind: 'grant', initiated_by: null, reference_id: 'signup:first' },
  ])
})

test('without a sign-up grant the wallet is empty and the ledger, too', async () => {
  await findOrCreateUser(database, somebody('poor'), { ...FIRST_SIGHT, signupGrant: '0' })
  expect(await rows('select balance from credit_wallets where user_id = $1', 'poor')).toEqual([{ balance: '0' }])
  expect(await rows('select id from credit_transactions where user_id = $1', 'poor')).toEqual([])
})

test('twenty first requests at once make one user with one grant', async () => {
  const seen = await Promise.all(Array.from({ length: 20 }, () => findOrCreateUser(database, somebody('crowd'), FIRST_SIGHT)))
  expect(new Set(seen.map(({ id }) => id))).toEqual(new Set(['crowd']))
  expect(await rows('select id from users where subject = $1', 'crowd')).toHaveLength(1)
  expect(await rows('select balance from credit_wallets where user_id = $1', 'crowd')).toEqual([{ balance: '100.5' }])
  expect(await rows('select id from credit_transactions where user_id = $1', 'crowd')).toHaveLength(1)
})

test('a row that another process is just making is waited for and found', async () => {
  const other = await pool.connect()
  await other.query('begin')
  await other.query(`insert into users (id, issuer, subject) values ('waited-for', $1, 'waited-for')`, [ISSUER])
  const seeing = findOrCreateUser(database, somebody('waited-for'), FIRST_SIGHT)
  const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  while ((await rows(waiting)).length === 0) await new Promise(resolve => setTimeout(resolve, 5))
  await other.query('commit')
  other.release()
  expect(await seeing).toMatchObject({ id: 'waited-for' })
})

test('the same subject of two issuers is two users, even at once', async () => {
  const twins = [somebody('twin'), somebody('twin', { issuer: 'https://other.example' })]
  const seen = await Promise.all([...twins, ...twins, ...twins].map(identity => findOrCreateUser(database, identity, FIRST_SIGHT)))
  const ids = new Set(seen.map(({ id }) => id))
  expect(ids.size).toBe(2)
  expect(ids.has('twin')).toBe(true)
  expect(await rows('select user_id from credit_transactions where user_id = any($1)', [...ids])).toHaveLength(2)
})

test('seeing a user again writes nothing unless the e-mail changed', async () => {
  const ada = somebody('again', { email: 'ada@example.org', emailVerified: true })
  await findOrCreateUser(database, ada, FIRST_SIGHT)
  const version = async () => (await rows('select xmin::text, updated_at from users where id = $1', 'again'))[0]
  const before = await version()
  await findOrCreateUser(database, ada, FIRST_SIGHT)
  expect(await findOrCreateUser(database, { ...ada, email: null }, FIRST_SIGHT)).toMatchObject({
    email: 'ada@example.org',
    email_verified: true,
  })
  expect(await version()).toEqual(before)
  expect(await findOrCreateUser(database, { ...ada, email: 'ada@new.example', emailVerified: false }, FIRST_SIGHT)).toMatchObject({
    email: 'ada@new.example',
    email_verified: false,
  })
  expect(await version()).not.toEqual(before)
})

test('the rights of a sign-up belong to local accounts only', async () => {
  await pool.query(`insert into first_owner (user_id) values ('the-first')`)
  const stranger = await findOrCreateUser(database, somebody('the-first'), FIRST_SIGHT)
  const owner = await findOrCreateUser(database, somebody('the-first', { issuer: 'local' }), FIRST_SIGHT)
  expect([stranger.role, owner.role]).toEqual(['user', 'owner'])
})

test('a role that was given stays when the user is seen again', async () => {
  await findOrCreateUser(database, somebody('raised'), FIRST_SIGHT)
  await setStoredRole(database, 'raised', 'analyst')
  expect(await findOrCreateUser(database, somebody('raised'), FIRST_SIGHT)).toMatchObject({ role: 'analyst' })
})
