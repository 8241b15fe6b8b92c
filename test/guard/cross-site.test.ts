import { describe, expect, test } from 'vitest'
import { BASE_URL, cookiesOf, PASSWORD, startAccountServer } from '../accounts/account-server.ts'
import { useProgram } from '../program.ts'

const FOREIGN = 'https://evil.example'
/** What a browser says of a form on another site; a page cannot change it. */
const foreignForm = { origin: FOREIGN, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }

describe('a form on another site', () => {
  const forms: [string, string, Record<string, string>][] = [
    ['application/x-www-form-urlencoded', 'currentPassword=correct+horse+battery&newPassword=another+horse+battery', {}],
    ['text/plain', `{"currentPassword":"${PASSWORD}","newPassword":"another horse battery","x":"="}`, {}],
    ['application/json', `{"currentPassword":"${PASSWORD}","newPassword":"another horse battery"}`, { 'sec-fetch-mode': 'cors' }],
    ['multipart/form-data; boundary=b', '--b\r\ncontent-disposition: form-data; name="newPassword"\r\n\r\nx\r\n--b--\r\n', {}],
  ]

  test.each(['/sign-out', '/change-password'])('changes nothing by the cookie at %s', async path => {
    const server = await startAccountServer()
    const cookie = cookiesOf(await server.signUp('ada@example.org'))
    for (const [type, body, more] of forms) {
      const headers = { ...foreignForm, 'content-type': type, cookie, ...more }
      const answer = await server.send(path, { method: 'POST', headers, body })
      expect([403, 415], `${type}: ${answer.status}`).toContain(answer.status)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    expect((await server.call('/token', { headers: { cookie } })).status).toBe(200)
  })

  test('signs nobody in as somebody else', async () => {
    const server = await startAccountServer()
    await server.signUp('mallory@example.org')
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', `email=mallory%40example.org&password=${PASSWORD.replaceAll(' ', '+')}`],
      ['text/plain', JSON.stringify({ email: 'mallory@example.org', password: PASSWORD, x: '=' })],
      ['application/json', JSON.stringify({ email: 'mallory@example.org', password: PASSWORD })],
    ] as const) {
      const answer = await server.send('/sign-in/email', { method: 'POST', headers: { ...foreignForm, 'content-type': type }, body })
      expect([403, 415], `${type}: ${answer.status}`).toContain(answer.status)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
  })

  test('from a page of no origin is as foreign', async () => {
    const server = await startAccountServer()
    const cookie = cookiesOf(await server.signUp('ada@example.org'))
    const origins: Record<string, string>[] = [{ origin: 'null' }, {}, { referer: `${FOREIGN}/${BASE_URL}` }]
    for (const origin of origins) expect((await server.call('/sign-out', { body: {}, headers: { cookie, ...origin } })).status).toBe(403)
  })
})

test('a cookie opens nothing of the API', async () => {
  const program = await useProgram({ SUPABASE_JWT_SECRET: '', AUTH_SECRET: 'a secret that is long enough' })
  const signUp = await fetch(`${program.address}/api/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'ada@example.org', password: PASSWORD, name: 'Ada' }),
  })
  expect(signUp.status).toBe(200)
  const answer = await program.anonymous.get('/agents', { cookie: cookiesOf(signUp), origin: FOREIGN })
  expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated' })
  expect(answer.headers.get('access-control-allow-origin')).toBeNull()
})
