import { afterAll, expect, test } from 'vitest'
import { useTestDatabase } from '../database.ts'
import { createClient, startProgram } from '../program.ts'

const PASSWORD = 'correct horse battery'
const database = await useTestDatabase()
const program = await startProgram({
  DATABASE_URL: database.url,
  SUPABASE_JWT_SECRET: '',
  AUTH_SECRET: 'a secret of the tests that is long enough',
  SIGNUP: 'open',
})
afterAll(program.stop)

const account = (path: string, body: unknown) =>
  fetch(`${program.address}/api/auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function signUp(email: string) {
  const { user, token: session } = (await (await account('/sign-up/email', { email, password: PASSWORD, name: 'Somebody' })).json()) as {
    user: { id: string }
    token: string
  }
  const answer = await fetch(`${program.address}/api/auth/token`, { headers: { authorization: `Bearer ${session}` } })
  const { token } = (await answer.json()) as { token: string }
  const client = createClient(program.address, user.id, token)
  expect((await client.get('/auth/me')).status).toBe(200)
  return client
}

test('a local account goes with its user, and its address can be used for a new one', async () => {
  const owner = await signUp('owner@example.org')
  const ada = await signUp('ada@example.org')
  expect((await ada.send('DELETE', '/users/me')).status).toBe(204)
  expect((await ada.get('/auth/me')).status).toBe(401)
  expect((await account('/sign-in/email', { email: 'ada@example.org', password: PASSWORD })).status).toBe(401)
  const { rows } = await database.pool.query(`select email from auth."user"`)
  expect(rows).toEqual([{ email: 'owner@example.org' }])
  for (const table of ['session', 'account'])
    expect((await database.pool.query(`select 1 from auth."${table}" where "userId" = $1`, [ada.userId])).rowCount).toBe(0)
  const again = await signUp('ada@example.org')
  expect(again.userId).not.toBe(ada.userId)
  expect((await owner.get('/auth/me')).status).toBe(200)
})

test('the last owner stays', async () => {
  const { rows } = await database.pool.query(`select id from auth."user" where email = 'owner@example.org'`)
  const session = (await (await account('/sign-in/email', { email: 'owner@example.org', password: PASSWORD })).json()) as { token: string }
  const answer = await fetch(`${program.address}/api/auth/token`, { headers: { authorization: `Bearer ${session.token}` } })
  const { token } = (await answer.json()) as { token: string }
  const owner = createClient(program.address, rows[0].id, token)
  expect(await owner.send('DELETE', '/users/me')).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect((await owner.get('/auth/me')).body.role).toBe('owner')
})
