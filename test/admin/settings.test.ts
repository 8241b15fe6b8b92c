import { afterAll, expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { createClient, startProgram } from '../program.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration({ CREDIT_ENFORCEMENT_ENABLED: 'false', LOW_BALANCE_THRESHOLD: '7.50' })
const { owner, analyst } = program

// Another replica of the same service, and one whose configuration says otherwise.
const environment = { DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url, ADMIN_USER_IDS: 'owner-id' }
const second = await startProgram(environment)
const enforcing = await startProgram({ ...environment, CREDIT_ENFORCEMENT_ENABLED: 'true' })
afterAll(() => Promise.all([second.stop(), enforcing.stop()]))

/** The promise is a second; a loaded machine may take longer over everything. */
const WAIT = { timeout: 10_000 }

const settingsAt = async (address: string) => {
  const { body } = await createClient(address, owner.userId, owner.token).get('/admin/settings')
  return [body.enforcement_enabled, body.enforcement_source]
}
const override = (enabled: unknown) => owner.send('PATCH', '/admin/settings/enforcement', { enabled })
const clear = () => owner.send('DELETE', '/admin/settings/enforcement')

test('without an override the configuration holds', async () => {
  expect((await analyst.get('/admin/settings')).body).toEqual({
    enforcement_enabled: false,
    enforcement_source: 'config',
    low_balance_threshold: '7.5',
    pricing_version: '2026-02-20',
  })
  expect(await settingsAt(enforcing.address)).toEqual([true, 'config'])
})

test('an override holds on every replica, whatever each is configured to, until it is taken back', async () => {
  for (const enabled of [true, false]) {
    expect((await override(enabled)).body).toEqual({ enforcement_enabled: enabled, source: 'override' })
    expect(await settingsAt(program.address)).toEqual([enabled, 'override'])
    await expect.poll(() => settingsAt(second.address), WAIT).toEqual([enabled, 'override'])
    await expect.poll(() => settingsAt(enforcing.address), WAIT).toEqual([enabled, 'override'])
  }
  const cleared = await clear()
  expect([cleared.status, cleared.body]).toEqual([200, { enforcement_enabled: false, source: 'config' }])
  await expect.poll(() => settingsAt(second.address), WAIT).toEqual([false, 'config'])
  await expect.poll(() => settingsAt(enforcing.address), WAIT).toEqual([true, 'config'])
})

test('an override outlives the program', async () => {
  await override(true)
  const third = await startProgram(environment)
  expect(await settingsAt(third.address)).toEqual([true, 'override'])
  await third.stop()
  await clear()
})

test('turns obey the override at once here, and soon elsewhere', async () => {
  const poor = await program.user('poor')
  await program.database.pool.query(`update credit_wallets set balance = 0 where user_id = $1`, [poor.userId])
  const { turns } = await newDirectChat(poor, { key: 'writer' })
  const elsewhere = createClient(second.address, poor.userId, poor.token)

  expect((await poor.post(turns, { message: 'free' })).status).toBe(201)
  await override(true)
  expect((await poor.post(turns, { message: 'refused' })).body).toMatchObject({ status: 402, code: 'insufficient_credits' })
  await expect.poll(async () => (await elsewhere.post(turns, { message: 'there' })).status, WAIT).toBe(402)
  await clear()
  expect((await poor.post(turns, { message: 'free again' })).status).toBe(201)
  await expect.poll(async () => (await elsewhere.post(turns, { message: 'there' })).status, WAIT).toBe(201)
})

test('each change is written down with what was before', async () => {
  await override(false)
  expect(await program.lastChange()).toMatchObject({
    actor_user_id: owner.userId,
    action: 'enforcement_set',
    target: 'credit_enforcement_enabled',
    before: null,
    after: false,
  })
  await override(true)
  expect(await program.lastChange()).toMatchObject({ action: 'enforcement_set', before: false, after: true })
  const changes = await program.countChanges()
  await override(true)
  expect(await program.countChanges()).toBe(changes)
  await clear()
  expect(await program.lastChange()).toMatchObject({ action: 'enforcement_cleared', before: true, after: null })
  await clear()
  expect(await program.countChanges()).toBe(changes + 1)
})

test('of many changes at once each says what the one before it had left', async () => {
  await clear()
  await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 3 === 2 ? clear() : override(index % 2 === 0))))
  const { rows } = await program.database.pool.query(`select before, after from admin_audit_log order by created_at, id`)
  const ofEnforcement = rows.filter(({ before, after }) => [before, after].every(value => value === null || typeof value === 'boolean'))
  for (const [index, { before }] of ofEnforcement.entries()) expect(before).toBe(index === 0 ? null : ofEnforcement[index - 1].after)
  expect(ofEnforcement.length).toBeGreaterThan(10)
})

test.each([{}, { enabled: 'yes' }, { enabled: null }, { enabled: true, more: 1 }])('%j is no override', async body => {
  const refused = await owner.send('PATCH', '/admin/settings/enforcement', body)
  expect([refused.status, refused.body.code]).toEqual([422, 'validation_error'])
})
