import { expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { createClient, tokenFor } from '../program.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration({ ADMIN_EMAILS: 'claims@example.com' })
const { owner, analyst } = program
const { pool } = program.database

const find = async (query: string) => (await analyst.get(`/admin/users?query=${encodeURIComponent(query)}`)).body
const change = (userId: string, body: unknown, client = owner) => client.send('PATCH', `/admin/users/${encodeURIComponent(userId)}`, body)

test('users are found by their whole id or a part of their address, without case', async () => {
  const ada = await program.user('ada.lovelace')
  const found = await find('LOVELACE@exam')
  expect(found.total).toBe(1)
  expect(found.users).toEqual([
    {
      id: ada.userId,
      email: 'ada.lovelace@example.com',
      role: 'user',
      suspended: false,
      monthly_credit_cap: null,
      balance: '100',
      created_at: expect.stringMatching(/^20.*Z$/),
    },
  ])
  expect((await find(ada.userId)).users.map((user: { id: string }) => user.id)).toEqual([ada.userId])
  expect(await find('ada.lovelace-i')).toEqual({ users: [], total: 0 })
})

test('what is looked for is text, never a pattern', async () => {
  expect((await find('%')).total).toBe(0)
  expect((await find('_da.lovelace')).total).toBe(0)
  expect((await find('\\')).total).toBe(0)
  expect((await analyst.get('/admin/users?query=%00')).status).toBe(422)
})

test('without a query all are listed, newest first, a page at a time', async () => {
  await program.user('newest')
  const first = (await analyst.get('/admin/users?limit=1')).body
  expect(first.users[0].id).toBe('newest-id')
  const second = (await analyst.get('/admin/users?limit=1&offset=1')).body
  expect(second.users[0].id).not.toBe('newest-id')
  expect(first.total).toBe(second.total)
  expect((await analyst.get('/admin/users?limit=201')).status).toBe(422)
})

test('suspension and role reach tokens that are out already, and every change is written down', async () => {
  const bob = await program.user('bob')
  expect((await change(bob.userId, { suspended: true })).body).toMatchObject({ id: bob.userId, suspended: true })
  expect((await bob.get('/users/me/wallet')).body).toMatchObject({ status: 403, code: 'suspended' })
  expect(await program.lastChange()).toMatchObject({
    actor_user_id: owner.userId,
    action: 'user_updated',
    target: bob.userId,
    before: { role: 'user', suspended: false, monthly_credit_cap: null },
    after: { role: 'user', suspended: true, monthly_credit_cap: null },
  })
  await change(bob.userId, { suspended: false, role: 'analyst', monthly_credit_cap: '12.50' })
  expect((await bob.get('/auth/me')).body.role).toBe('analyst')
  expect((await bob.get('/admin/settings')).status).toBe(200)
  expect(await program.lastChange()).toMatchObject({ after: { role: 'analyst', suspended: false, monthly_credit_cap: '12.5' } })
  await change(bob.userId, { role: 'user' })
  expect((await bob.get('/admin/settings')).status).toBe(403)
})

test('a stream that is open ends soon after its user was suspended, and the turn runs on to its close', async () => {
  const mia = await program.user('mia')
  const { turns } = await newDirectChat(mia, { key: 'writer' })
  program.endpoint.reply({ chunks: Array(80).fill('on '), betweenMs: 100 })
  const stream = await mia.stream(`${turns}/stream`, { message: 'Talk for eight seconds.' })
  const reading = stream.all().then(
    () => 'ended',
    () => 'cut',
  )
  await change(mia.userId, { suspended: true })
  expect(await reading).toBe('cut')
  const stored = async () =>
    (await pool.query(`select status, length(assistant_output) as length from turns where user_id = $1`, [mia.userId])).rows
  await expect.poll(stored, { timeout: 20_000 }).toEqual([{ status: 'completed', length: 240 }])
})

test('suspending again keeps the time of the first', async () => {
  const eve = await program.user('eve')
  await change(eve.userId, { suspended: true })
  const since = async () => (await pool.query('select suspended_at from users where id = $1', [eve.userId])).rows[0].suspended_at
  const first = await since()
  const changes = await program.countChanges()
  await change(eve.userId, { suspended: true })
  expect(await since()).toBe(first)
  expect(await program.countChanges()).toBe(changes)
})

test('a cap is taken away by null, and an empty change changes nothing', async () => {
  const carl = await program.user('carl')
  expect((await change(carl.userId, { monthly_credit_cap: 0 })).body.monthly_credit_cap).toBe('0')
  expect((await change(carl.userId, {})).body.monthly_credit_cap).toBe('0')
  expect((await change(carl.userId, { monthly_credit_cap: null })).body.monthly_credit_cap).toBe(null)
})

test.each([{ role: 'king' }, { suspended: 'yes' }, { monthly_credit_cap: -1 }, { monthly_credit_cap: '0.000000001' }, { balance: 5 }])(
  '%j is refused',
  async body => {
    expect((await change(owner.userId, body)).body).toMatchObject({ status: 422, code: 'validation_error' })
  },
)

test('an unknown user is 404', async () => {
  expect((await change('nobody at all', { suspended: true })).body).toMatchObject({
    status: 404,
    code: 'not_found',
    detail: 'User not found.',
  })
})

test('an owner by configuration stays one', async () => {
  const refused = await change(owner.userId, { role: 'user' })
  expect(refused.body).toMatchObject({ status: 409, code: 'conflict' })
  expect((await owner.get('/auth/me')).body.role).toBe('owner')
  expect((await find(owner.userId)).users[0].role).toBe('owner')
})

test('the last owner can neither be suspended nor step back, even when two try it on each other at once', async () => {
  expect((await change(owner.userId, { suspended: true })).body).toMatchObject({ status: 409, code: 'conflict' })

  const heirs = await Promise.all(['heir-a', 'heir-b'].map(name => program.user(name)))
  for (const heir of heirs) expect((await change(heir.userId, { role: 'owner' })).status).toBe(200)
  const [first, second] = heirs as [(typeof heirs)[0], (typeof heirs)[0]]
  expect((await change(owner.userId, { suspended: true }, first)).status).toBe(200)
  expect((await owner.get('/auth/me')).body.code).toBe('suspended')

  const answers = await Promise.all([change(second.userId, { role: 'analyst' }, first), change(first.userId, { suspended: true }, second)])
  const statuses = answers.map(answer => answer.status)
  // The second may still pass the door before the first has taken his role, or be turned away there.
  expect(statuses.filter(status => status === 200)).toHaveLength(1)
  expect(statuses.filter(status => status === 409 || status === 403)).toHaveLength(1)
  const { rows } = await pool.query(`select id from users where role = 'owner' and suspended_at is null`)
  expect(rows).toHaveLength(1)

  const survivor = heirs.find(heir => heir.userId === rows[0].id)!
  expect((await change(survivor.userId, { role: 'user' }, survivor)).body).toMatchObject({ status: 409, code: 'conflict' })
  expect((await change(owner.userId, { suspended: false }, survivor)).status).toBe(200)
  expect((await change(survivor.userId, { role: 'user' }, survivor)).status).toBe(200)
})

test('an address counts for ADMIN_EMAILS only when it is verified; the list tells the role in force', async () => {
  const claimant = async (claims?: Record<string, unknown>) =>
    createClient(program.address, 'claims-id', await tokenFor('claims-id', 'claims@example.com', claims))
  expect((await (await claimant()).get('/auth/me')).body.role).toBe('user')
  expect((await find('claims@example.com')).users[0].role).toBe('user')
  expect((await (await claimant({ email_verified: true })).get('/auth/me')).body.role).toBe('owner')
  expect((await find('claims@example.com')).users[0].role).toBe('owner')
  expect((await change('claims-id', { role: 'analyst' })).body).toMatchObject({ status: 409, code: 'conflict' })
})
