import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { newAgent, newDirectChat } from '../council.ts'
import { type Answer, useProgram } from '../program.ts'

const { user, anonymous, address, database } = await useProgram()
const ada = await user('ada')

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const { port, hostname } = new URL(address)

/** The members of RFC 9457 and ours, and no other. */
function expectProblem({ status, headers, body }: Answer, expected: Record<string, unknown>, more: string[] = []): void {
  expect(headers.get('content-type')).toBe('application/problem+json')
  expect(Object.keys(body).toSorted()).toEqual(['type', 'title', 'status', 'detail', 'code', 'trace_id', ...more].toSorted())
  expect(body).toMatchObject({ type: 'about:blank', ...expected })
  expect(body.status).toBe(status)
  expect(body.trace_id).toBe(headers.get('x-trace-id'))
}

describe('a problem', () => {
  test('has the same shape whatever went wrong', async () => {
    const agent = await newAgent(ada, { key: 'taken' })
    expectProblem(await anonymous.get('/rooms'), {
      status: 401,
      code: 'unauthenticated',
      title: 'Unauthenticated',
      detail: 'Missing Bearer token.',
    })
    expectProblem(await ada.get('/rooms/1'), { status: 404, code: 'not_found', title: 'Not found', detail: 'Room not found.' })
    expectProblem(await ada.post('/rooms', '{'), { status: 400, code: 'malformed_request', title: 'Malformed request' })
    expectProblem(await ada.post('/rooms', 'x', { 'content-type': 'text/plain' }), { status: 415, code: 'unsupported_media_type' })
    expectProblem(await ada.post('/rooms', ' '.repeat(2 ** 20 + 1)), { status: 413, code: 'payload_too_large', title: 'Payload too large' })
    expectProblem(await ada.post('/agents', { agent_key: 'taken', name: 'A', model_alias: 'llama' }), { status: 409, code: 'conflict' })
    expectProblem(await ada.send('PATCH', `/agents/${agent}`, {}, { 'if-match': '"x"' }), { status: 412, code: 'version_conflict' })
    expectProblem(await ada.post('/rooms', { name: '' }), { status: 422, code: 'validation_error', title: 'Validation error' }, ['errors'])
    expectProblem(await ada.post('/rooms', { name: 'x', current_mode: 'y' }), { status: 422, code: 'unsupported_mode' })
  })

  test('names the scheme that it asks for where a token is missing', async () => {
    expect((await anonymous.get('/rooms')).headers.get('www-authenticate')).toBe('Bearer')
    expect((await ada.get('/rooms')).headers.has('www-authenticate')).toBe(false)
  })

  test('says nothing of a fault of ours but its trace id', async () => {
    await database.pool.query('alter table rooms rename to rooms_elsewhere')
    const answers = [
      await ada.get('/rooms'),
      await ada.post('/rooms', { name: 'Secret plan' }),
      await ada.get('/rooms/0198aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa'),
    ]
    await database.pool.query('alter table rooms_elsewhere rename to rooms')
    for (const answer of answers)
      expectProblem(answer, {
        status: 500,
        code: 'internal_error',
        title: 'Internal error',
        detail: 'Something went wrong on our side. Tell support the trace id.',
      })
    expect((await ada.get('/rooms')).status).toBe(200)
  })
})

describe('a trace id', () => {
  test.each(['a', 'req-1.2_3', 'A'.repeat(128), '0198aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa'])('that is sane is echoed: %s', async id => {
    for (const answer of [await ada.get('/rooms', { 'x-trace-id': id }), await anonymous.get('/rooms', { 'x-trace-id': id })])
      expect(answer.headers.get('x-trace-id')).toBe(id)
    expect((await ada.get('/rooms/1', { 'x-trace-id': id })).body.trace_id).toBe(id)
  })

  test.each(['', 'a b', 'A'.repeat(129), 'a,b', 'a/b', 'ü', '<script>', "'"])('that is none is replaced: %j', async id => {
    const { headers, body } = await ada.get('/rooms/1', { 'x-trace-id': id })
    expect(headers.get('x-trace-id')).toMatch(UUID)
    expect(body.trace_id).toBe(headers.get('x-trace-id'))
  })

  test('is on every answer, and each time another one', async () => {
    const room = (await ada.post('/rooms', { name: 'Traced' })).body.id
    const { turns } = await newDirectChat(ada, { key: 'traced' })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Hello.' }, { headers: { 'x-trace-id': 'my-stream' } })
    await stream.all()
    expect(stream.headers.get('x-trace-id')).toBe('my-stream')
    const answers = [
      await ada.get(`/rooms/${room}`),
      await ada.send('DELETE', `/rooms/${room}`),
      await ada.get(`/rooms/${room}`),
      await anonymous.get('/rooms'),
      await anonymous.get('/nothing'),
      await anonymous.get('/health'),
      await anonymous.get('//health'),
      await anonymous.get('//api/docs/'),
      await anonymous.get('/openapi.json'),
      await ada.post('/rooms', '{'),
      await ada.get('//api/v1/rooms/%zz'),
    ]
    const ids = answers.map(answer => answer.headers.get('x-trace-id') ?? 'none')
    expect(ids.filter(id => !UUID.test(id))).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('a route that does not exist', () => {
  test.each([
    ['GET', '/nothing'],
    ['GET', '//nothing'],
    ['GET', '//api/v2/rooms'],
    ['GET', '/rooms/1/nothing'],
    ['PUT', '/rooms'],
    ['DELETE', '/agents'],
    ['PATCH', '/users/me/wallet'],
    ['POST', '/health'],
  ])('is a 404 for everybody, token or not: %s %s', async (method, path) => {
    const detail = `There is no ${method} ${path.startsWith('//') ? path.slice(1) : `/api/v1${path}`}.`
    for (const client of [anonymous, ada])
      expectProblem(await client.send(method, `${path}?q=1`), { status: 404, code: 'not_found', detail })
    expectProblem(await anonymous.send(method, path, undefined, { authorization: 'Bearer garbage' }), { status: 404, detail })
  })

  test('is a 404 whatever body is sent to it', async () => {
    for (const [body, type] of [
      ['{', 'application/json'],
      ['<a/>', 'application/xml'],
      ['x', 'nonsense'],
      [' '.repeat(2 ** 20 + 1), 'application/json'],
    ] as const)
      expectProblem(await anonymous.post('/nothing', body, { 'content-type': type }), { status: 404, code: 'not_found' })
  })

  test('is a 404 where its address cannot be read', async () => {
    for (const path of ['/rooms/%zz', '/%', '//%c0%af', '/rooms/%e0%a4%a'])
      expectProblem(await anonymous.get(path), { status: 404, code: 'not_found', detail: 'There is nothing at this address.' })
  })

  test('may be asked for with a slash at its end', async () => {
    expect((await ada.get('/rooms/')).status).toBe(200)
  })
})

describe('what is no request', () => {
  const say = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text))
      let answer = ''
      socket.setEncoding('utf8').on('data', part => {
        answer += part
      })
      socket.on('error', reject).on('close', () => resolve(answer))
    })

  test.each<[string, string]>([
    ['another protocol', 'EHLO there\r\n\r\n'],
    ['a header that is none', 'GET /health HTTP/1.1\r\nHost: a\r\nno header\r\n\r\n'],
    ['headers without end', `GET /health HTTP/1.1\r\nHost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`],
    ['two lengths', 'POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length and pieces', 'POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ])('is told so as a problem: %s', async (_, text) => {
    const [head = '', body = ''] = (await say(text)).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\nContent-Type: application\/problem\+json\r\n/)
    const problem = JSON.parse(body)
    expect(problem).toEqual({
      type: 'about:blank',
      title: 'Malformed request',
      status: 400,
      detail: 'The request cannot be read.',
      code: 'malformed_request',
      trace_id: expect.stringMatching(UUID),
    })
    expect(head).toContain(`X-Trace-ID: ${problem.trace_id}`)
  })
})

test('HEAD is GET without a body', async () => {
  const headOf = (token: string) => fetch(`${address}/api/v1/rooms`, { method: 'HEAD', headers: { authorization: `Bearer ${token}` } })
  const head = await headOf(ada.token)
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await headOf('garbage')).status).toBe(401)
})
