import { describe, expect, onTestFinished, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { createClient, startProgram, useProgram } from '../program.ts'

const ORIGIN = 'https://app.example.com'
const { user, anonymous, database } = await useProgram({ API_CORS_ALLOWED_ORIGINS: `${ORIGIN}, http://localhost:5173` })
const ada = await user('ada')

const EXPOSED = ['x-turn-id', 'x-trace-id', 'retry-after', 'idempotent-replayed', 'ratelimit', 'ratelimit-policy']
const FOREIGN = [
  'https://evil.example',
  'https://app.example.com.evil.example',
  'https://evil-app.example.com',
  'http://app.example.com',
  'https://app.example.com:444',
  'https://APP.example.com',
  'https://app.example.com/',
  'http://localhost:5174',
  'null',
  '*',
]
const preflight = (origin: string, method: string, path = '/rooms') =>
  anonymous.send('OPTIONS', path, undefined, {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type,if-match,idempotency-key,last-event-id,x-trace-id',
  })
const listOf = (header: string | null) => (header ?? '').toLowerCase().split(/, */)

describe('a page of an origin that is allowed', () => {
  test('may read answers, refusals and streams, and the headers they carry', async () => {
    const { turns } = await newDirectChat(ada, { key: 'cors' })
    const headers = { origin: ORIGIN }
    const stream = await ada.stream(`${turns}/stream`, { message: 'Hello.' }, { headers })
    await stream.all()
    const answers = [
      await ada.get('/rooms', headers),
      await ada.get('/rooms', { origin: 'http://localhost:5173' }),
      await ada.post('/rooms', {}, headers),
      await ada.get('/rooms/1', headers),
      await anonymous.get('/rooms', headers),
      await anonymous.get('/nothing', headers),
      await anonymous.get('/health', headers),
      stream,
    ]
    for (const [index, answer] of answers.entries()) {
      expect(answer.headers.get('access-control-allow-origin')).toBe(index === 1 ? 'http://localhost:5173' : ORIGIN)
      expect(listOf(answer.headers.get('access-control-expose-headers'))).toEqual(expect.arrayContaining(EXPOSED))
      expect(listOf(answer.headers.get('vary'))).toContain('origin')
    }
  })

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('is told beforehand that it may %s, without a token', async method => {
    const answer = await preflight(ORIGIN, method)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(listOf(answer.headers.get('access-control-allow-methods'))).toContain(method.toLowerCase())
    expect(listOf(answer.headers.get('access-control-allow-headers'))).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'if-match', 'idempotency-key', 'last-event-id']),
    )
  })
})

describe('a page of any other origin', () => {
  test.each(FOREIGN)('may read nothing: %s', async origin => {
    const answers = [await ada.get('/rooms', { origin }), await anonymous.get('/rooms', { origin }), await preflight(origin, 'POST')]
    for (const { headers } of answers) {
      expect(headers.has('access-control-allow-origin')).toBe(false)
      expect(listOf(headers.get('vary'))).toContain('origin')
    }
  })
})

test('without allowed origins no page of another origin may read anything', async () => {
  const alone = await startProgram({ DATABASE_URL: database.url })
  onTestFinished(alone.stop)
  const client = createClient(alone.address, ada.userId, ada.token)
  const answer = await client.get('/rooms', { origin: ORIGIN })
  expect(answer.status).toBe(200)
  expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  const asked = await client.send('OPTIONS', '/rooms', undefined, { origin: ORIGIN, 'access-control-request-method': 'POST' })
  expect(asked.headers.has('access-control-allow-origin')).toBe(false)
  expect(asked.body).toMatchObject({ status: 404, code: 'not_found' })
})
