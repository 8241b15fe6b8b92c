import { describe, expect, test } from 'vitest'
import { newCouncil } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, anonymous, address, database } = await useProgram()
const ada = await user('ada')

const MIB = 1024 * 1024
const unreadable = { status: 400, code: 'malformed_request', title: 'Malformed request', detail: 'The body is not valid JSON.' }
const room = JSON.stringify({ name: 'Room' })

describe('a body that is no JSON', () => {
  test.each([
    '{',
    '{"name":"Room"',
    '{"name":"Room",}',
    "{'name':'Room'}",
    '{name:1}',
    '{"name":"a\nb"}',
    'NaN',
    'undefined',
    '{} {}',
    '\0',
    '[1',
    '"',
    '01',
  ])('is malformed: %j', async body => {
    expect((await ada.post('/rooms', body)).body).toMatchObject(unreadable)
  })

  test('is malformed where its bytes are no UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])
    const response = await fetch(`${address}/api/v1/rooms`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
      body: bytes,
    })
    expect(await response.json()).toMatchObject({ status: 400, code: 'malformed_request' })
  })
})

describe('a body that is JSON, but no object', () => {
  test.each(['null', '[]', '"name"', '5', 'true'])('does not fit: %s', async body => {
    const answer = await ada.post('/rooms', body)
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: '' }] })
  })
})

describe('an empty body', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/x-www-form-urlencoded'])(
    'counts as {} as %s',
    async type => {
      const { roomId } = await newCouncil(ada, 'manual', [])
      const made = await ada.post(`/rooms/${roomId}/sessions`, '', { 'content-type': type })
      expect(made.status).toBe(201)
      const missing = await ada.post('/rooms', '', { 'content-type': type })
      expect(missing.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'name' }] })
    },
  )

  test('may be blank, or not there at all', async () => {
    const { roomId } = await newCouncil(ada, 'manual', [])
    for (const body of [undefined, ' \n ', '{}']) expect((await ada.post(`/rooms/${roomId}/sessions`, body)).status).toBe(201)
    expect((await ada.post('/rooms')).body).toMatchObject({ status: 422, errors: [{ path: 'name' }] })
    expect((await ada.send('DELETE', `/rooms/${roomId}`, '', { 'content-type': 'application/json' })).status).toBe(204)
  })
})

describe('a body of another kind', () => {
  test.each([
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'application/merge-patch+json',
    'multipart/form-data; boundary=x',
    'nonsense',
    '',
  ])('is unsupported as %j', async type => {
    const answer = await ada.post('/rooms', room, { 'content-type': type })
    expect(answer.body).toMatchObject({ status: 415, code: 'unsupported_media_type', title: 'Unsupported media type' })
  })

  test('is not looked at before the token', async () => {
    expect((await anonymous.post('/rooms', '{', { 'content-type': 'text/plain' })).body).toMatchObject({ status: 401 })
    expect((await anonymous.post('/rooms', '{')).body).toMatchObject({ status: 401 })
  })
})

describe('a body of 1 MiB', () => {
  test('is read; one byte more is too much', async () => {
    const padded = (bytes: number) => room + ' '.repeat(bytes - room.length)
    expect((await ada.post('/rooms', padded(MIB))).status).toBe(201)
    const answer = await ada.post('/rooms', padded(MIB + 1))
    expect(answer.body).toMatchObject({ status: 413, code: 'payload_too_large', detail: 'The body is larger than 1 MiB.' })
  })

  test('is the most that may come in pieces, too', async () => {
    const pieces = Array.from({ length: 20 }, () => Buffer.from(' '.repeat(64 * 1024)))
    const response = await fetch(`${address}/api/v1/rooms`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' },
      body: ReadableStream.from(pieces),
      duplex: 'half',
    })
    expect(await response.json()).toMatchObject({ status: 413, code: 'payload_too_large' })
  })
})

describe('a hostile body', () => {
  test.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', ''])(
    'does not get a field named %j through',
    async field => {
      const answer = await ada.post('/rooms', `{"name":"Room",${JSON.stringify(field)}:{"polluted":true,"name":"Evil"}}`)
      expect(answer.body.errors).toEqual([{ path: field, message: 'is not a known field' }])
      expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    },
  )

  test('is refused by its path where the field is deep inside', async () => {
    const answer = await ada.post('/agents', { agent_key: 'a', name: 'A', model_alias: 'deepseek', tool_permissions: ['search', { a: 1 }] })
    expect(answer.body.errors).toMatchObject([{ path: 'tool_permissions.1' }])
  })

  test.each<[string, string]>([
    ['half a million lists, one in another', '['.repeat(500_000) + ']'.repeat(500_000)],
    ['half a million lists in a field', `{"name":${'['.repeat(500_000)}${']'.repeat(500_000)}}`],
    ['numbers at the bottom of a deep well', `${'['.repeat(500_000)}1e1${']'.repeat(500_000)}`],
    ['a hundred thousand fields', `{${Array.from({ length: 70_000 }, (_, index) => `"k${index}":1`).join(',')}}`],
    ['a quarter of a million numbers', `{"name":[${'1e1,'.repeat(250_000)}1]}`],
    ['one number of a million digits', `{"name":${'9'.repeat(1_000_000)}}`],
    ['a fraction of a million digits', `{"name":0.${'9'.repeat(1_000_000)}}`],
    ['a number beyond all bounds', '{"name":1e999999999}'],
    ['a number next to nothing', '{"name":1e-999999999}'],
    ['a number of twenty digits where text belongs', '{"name":12345678901234567890}'],
  ])('of %s is refused without harm', async (_, body) => {
    const answer = await ada.post('/rooms', body)
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error' })
    expect(JSON.stringify(answer.body).length).toBeLessThan(20_000)
  })

  test('of many wrong agents is told of at most fifty of them', async () => {
    const { roomId } = await newCouncil(ada, 'manual', [])
    const answer = await ada.send('PUT', `/rooms/${roomId}/agents/order`, { agent_ids: Array.from({ length: 500 }, () => 'x') })
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error' })
    expect(answer.body.errors).toHaveLength(50)
  })
})

test('half of a character is stored as what can be stored, and answered as it is stored', async () => {
  const made = await ada.post('/rooms', '{"name":"a\\ud800b"}')
  expect([made.status, made.body.name]).toEqual([201, 'a\ufffdb'])
  expect((await ada.get(`/rooms/${made.body.id}`)).body).toEqual(made.body)
})

test('a route that takes no body knows no field', async () => {
  const { roomId, turns } = await newCouncil(ada, 'roundtable', [{ key: 'a' }])
  const turn = await ada.post(turns, { message: 'Hello.' })
  for (const path of [`/rooms/${roomId}/restore`, `${turns}/${turn.body.id}/cancel`]) {
    expect((await ada.post(path, { days: 30 })).body, path).toMatchObject({
      status: 422,
      code: 'validation_error',
      errors: [{ path: 'days', message: 'is not a known field' }],
    })
    expect((await ada.post(path, {})).status, path).toBeLessThan(300)
  }
})

describe('credits in a request', () => {
  let keys = 0
  const held = async (maxCredits: string) => {
    const { turns } = await newCouncil(ada, 'roundtable', [{ key: `key-${String(keys++).padStart(4, '0')}` }])
    return await ada.post(turns, `{"message":"Hello.","max_credits":${maxCredits}}`)
  }

  test.each([
    '0.1',
    '"0.1"',
    '" 0.10 "',
    '1e-1',
    '12345678901234567890',
    '"12345678901234567890.00000000000000000001"',
    '12345678901234567890.00000000000000000001',
  ])('are taken as %s', async credits => expect((await held(credits)).status).toBe(201))

  test.each([
    '0',
    '0.0',
    '-0.1',
    '"-1"',
    '"1e3"',
    '"0x10"',
    '"1,5"',
    '"1."',
    '".5"',
    '""',
    '"Infinity"',
    '"NaN"',
    'true',
    '[1]',
    '"123456789012345678901"',
    '123456789012345678901',
    '0.1000000000000000055511151231257827',
    '1e400',
    '0.0000000000000000000000001',
  ])('are not taken as %s', async credits =>
    expect((await held(credits)).body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: 'max_credits' }] }),
  )

  test('are read digit by digit: what is short of the price by the twentieth decimal place is refused', async () => {
    // A call costs whole ten-thousandths: 0.0001 for each output token that it must be able to pay for, and as much for what it reads.
    const written = (tenThousandths: number) => (tenThousandths / 10_000).toFixed(4)
    const isEnough = async (credits: string) => (await held(credits)).status === 201
    let [little, enough] = [256, 4096]
    while (enough - little > 1) {
      const middle = Math.floor((little + enough) / 2)
      if (await isEnough(written(middle))) enough = middle
      else little = middle
    }
    const short = `${written(enough - 1)}${'9'.repeat(16)}`
    expect(Number(short)).toBe(Number(written(enough)))
    for (const credits of [short, `"${short}"`])
      expect((await held(credits)).body.errors, credits).toEqual([{ path: 'max_credits', message: 'does not cover a single call' }])
    expect(await isEnough(written(enough))).toBe(true)
  })
})

test('nothing of all this has stopped the server or left a broken row', async () => {
  expect((await anonymous.get('/ready')).body).toEqual({ status: 'ok' })
  const { rows } = await database.pool.query(`select count(*) as count from rooms where name in ('Evil', '')`)
  expect(rows).toEqual([{ count: 0 }])
})
