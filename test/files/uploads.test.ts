import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { FIXTURES, newRoom, parsed, upload, uploadRaw, useFileProgram } from './file-program.ts'

const program = await useFileProgram({ FILE_MAX_BYTES: '200000', ROOM_FILES_MAX_BYTES: '500000' })
const ada = await program.user('ada')
const bob = await program.user('bob')

const rows = async (sql: string, values: unknown[] = []) => (await program.database.pool.query(sql, values)).rows
const objects = () =>
  existsSync(program.folder)
    ? readdirSync(program.folder, { recursive: true, encoding: 'utf8' }).filter(name => statSync(path.join(program.folder, name)).isFile())
    : []

describe('an upload', () => {
  test('is listed newest first, read back byte by byte and never shown as a page', async () => {
    const room = `/rooms/${await newRoom(ada)}`
    const first = await upload(ada, program, room, 'first.txt', 'one')
    const bytes = readFileSync(path.join(FIXTURES, 'report.pdf'))
    const second = await upload(ada, program, room, 'Bericht für Zoë.pdf', bytes)
    expect(second.body).toEqual({
      id: second.body.id,
      user_id: ada.userId,
      room_id: room.slice('/rooms/'.length),
      session_id: null,
      filename: 'Bericht für Zoë.pdf',
      content_type: 'application/pdf',
      file_size: bytes.length,
      parse_status: 'pending',
      error_message: null,
      created_at: expect.any(String),
    })
    const { body: list } = await ada.get(`${room}/files`)
    expect(list.map((file: { id: string }) => file.id)).toEqual([second.body.id, first.body.id])
    const content = await fetch(`${program.address}/api/v1/files/${second.body.id}/content`, {
      headers: { authorization: `Bearer ${ada.token}` },
    })
    expect(Buffer.from(await content.arrayBuffer()).equals(bytes)).toBe(true)
    expect(Object.fromEntries(content.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': String(bytes.length),
      'content-disposition': expect.stringMatching(/^attachment; filename=.*filename\*=UTF-8''Bericht%20f%C3%BCr%20Zo%C3%AB\.pdf/),
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    })
  })

  test('of a standalone session is the session’s own; a session of a room takes none', async () => {
    const chat = await newDirectChat(ada, { key: 'keeper' })
    const file = await upload(ada, program, `/sessions/${chat.sessionId}`, 'notes.txt', 'mine')
    expect(file.body).toMatchObject({ room_id: null, session_id: chat.sessionId })
    expect((await ada.get(`/sessions/${chat.sessionId}/files`)).body).toHaveLength(1)
    const { sessionId } = await newCouncil(ada, 'roundtable', [])
    expect(await upload(ada, program, `/sessions/${sessionId}`, 'notes.txt', 'x')).toMatchObject({
      status: 422,
      body: { code: 'validation_error' },
    })
  })

  test('above the limit of a file is refused and leaves neither row nor object', async () => {
    const room = `/rooms/${await newRoom(ada)}`
    const before = objects().length
    expect((await upload(ada, program, room, 'fits.txt', 'x'.repeat(200_000))).status).toBe(201)
    const refused = await upload(ada, program, room, 'over.txt', 'x'.repeat(200_001))
    expect(refused).toMatchObject({ status: 413, body: { code: 'file_too_large' } })
    // Much larger than what the sockets hold: the client still hears the answer.
    const flood = await upload(ada, program, room, 'flood.txt', 'x'.repeat(30_000_000))
    expect(flood).toMatchObject({ status: 413, body: { code: 'file_too_large' } })
    expect((await ada.get(`${room}/files`)).body).toHaveLength(1)
    expect(objects()).toHaveLength(before + 1)
    expect(await rows('select storage_key from stray_objects')).toEqual([])
  })

  test('never brings a room above its total, however many come at once', async () => {
    const roomId = await newRoom(ada)
    const before = objects().length
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, number) => upload(ada, program, `/rooms/${roomId}`, `${number}.txt`, 'x'.repeat(90_000))),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(5)
    expect(answers.filter(({ status, body }) => status === 413 && body.code === 'file_too_large')).toHaveLength(7)
    expect(await rows('select sum(size)::int as bytes from uploaded_files where room_id = $1', [roomId])).toEqual([{ bytes: 450_000 }])
    expect(objects()).toHaveLength(before + 5)
    const fits = await upload(ada, program, `/rooms/${roomId}`, 'rest.txt', 'x'.repeat(50_000))
    expect(fits.status).toBe(201)
    expect(await upload(ada, program, `/rooms/${roomId}`, 'more.txt', 'x')).toMatchObject({ status: 413 })
  })

  test.each([
    ['picture.png', 'x'],
    ['old.doc', 'x'],
    ['no ending', 'x'],
    ['empty.txt', ''],
    ['binary.txt', 'a\0b'],
    ['latin1.csv', Buffer.from('Gr\xfc\xdfe', 'latin1')],
    ['page.pdf', '<html><script>alert(1)</script>'],
    ['text.docx', 'no archive'],
    ['renamed.docx', readFileSync(path.join(FIXTURES, 'figures.xlsx'))],
    ['renamed.xlsx', readFileSync(path.join(FIXTURES, 'report.docx'))],
    ['truncated.docx', readFileSync(path.join(FIXTURES, 'report.docx')).subarray(0, 4000)],
    ['old.xlsx', Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on', 'latin1')],
  ])('whose content is not what %s says is refused', async (name, content) => {
    const room = `/rooms/${await newRoom(ada)}`
    const before = objects().length
    expect(await upload(ada, program, room, name, content)).toMatchObject({ status: 422, body: { code: 'unsupported_file' } })
    expect((await ada.get(`${room}/files`)).body).toEqual([])
    expect(objects()).toHaveLength(before)
  })

  test('that is no multipart body, or holds anything but one file, is refused', async () => {
    const room = `/rooms/${await newRoom(ada)}`
    const plain = 'content-disposition: form-data; name='
    expect(await ada.post(`${room}/files`, { file: 'x' })).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } })
    expect(await uploadRaw(ada, program, room, `${plain}"file"`, 'x')).toMatchObject({ status: 422, body: { code: 'validation_error' } })
    expect(await uploadRaw(ada, program, room, `${plain}"other"; filename="a.txt"`, 'x')).toMatchObject({ status: 422 })
    expect(await uploadRaw(ada, program, room, `${plain}"__proto__"; filename="a.txt"`, 'x')).toMatchObject({ status: 400 })
    const without = { 'content-type': 'multipart/form-data' }
    expect(await ada.send('POST', `${room}/files`, 'x', without)).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
    const cut = { 'content-type': 'multipart/form-data; boundary=b' }
    const truncated = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello'
    expect(await ada.send('POST', `${room}/files`, truncated, cut)).toMatchObject({ status: 400, body: { code: 'malformed_request' } })
    expect((await ada.get(`${room}/files`)).body).toEqual([])
  })

  test.each([
    ['../../etc/passwd.txt', 'passwd.txt'],
    ['C:\\\\secret\\\\plan.md', 'plan.md'],
    ['invoice\u202Etxt.exe.pdf.txt', 'invoicetxt.exe.pdf.txt'],
    ['a\tb\u0007c.txt', 'abc.txt'],
    ['.txt', 'file.txt'],
    ['  spaced   out .TXT', 'spaced out.txt'],
    ['<b>"bold"</b>.txt', 'b_.txt'],
    [`${'long'.repeat(1_300)}.txt`, `${'long'.repeat(19).slice(0, 75)}.txt`],
    ['😀'.repeat(100).concat('.txt'), `${'😀'.repeat(37)}.txt`],
  ])('named %s is stored as %s', async (given, stored) => {
    const room = `/rooms/${await newRoom(ada)}`
    const head = `content-disposition: form-data; name="file"; filename="${given.replaceAll('"', '%22')}"`
    const file = await uploadRaw(ada, program, room, head, 'text')
    expect(file.status, JSON.stringify(file.body)).toBe(201)
    expect(file.body.filename.replaceAll('%22', '')).toBe(stored)
    const content = await ada.get(`/files/${file.body.id}/content`)
    expect(content.status).toBe(200)
    expect(content.headers.get('content-disposition')).toMatch(/^attachment; filename/)
    expect((await rows('select storage_key from uploaded_files where id = $1', [file.body.id]))[0].storage_key).toMatch(
      /^[0-9a-f]{2}\/[0-9a-f-]{36}$/,
    )
  })
})

describe('a file', () => {
  test('is deleted with its object, and its address then is that of nothing', async () => {
    const room = `/rooms/${await newRoom(ada)}`
    const before = objects().length
    const { body: file } = await upload(ada, program, room, 'gone.txt', 'soon')
    expect((await ada.send('DELETE', `/files/${file.id}`)).status).toBe(204)
    expect(objects()).toHaveLength(before)
    expect(await rows('select storage_key from stray_objects')).toEqual([])
    for (const answer of [
      await ada.get(`/files/${file.id}/text`),
      await ada.get(`/files/${file.id}/content`),
      await ada.send('DELETE', `/files/${file.id}`),
    ])
      expect(answer).toMatchObject({ status: 404, body: { code: 'not_found', detail: 'File not found.' } })
  })

  test('of somebody else is that of nothing, by every path', async () => {
    const roomId = await newRoom(ada)
    const { body: file } = await upload(ada, program, `/rooms/${roomId}`, 'secret.txt', 'the secret of ada')
    await parsed(ada, file.id)
    const nothing = { status: 404, body: { code: 'not_found' } }
    expect(await bob.get(`/files/${file.id}/text`)).toMatchObject(nothing)
    expect(await bob.get(`/files/${file.id}/content`)).toMatchObject(nothing)
    expect(await bob.send('DELETE', `/files/${file.id}`)).toMatchObject(nothing)
    expect(await bob.get(`/rooms/${roomId}/files`)).toMatchObject(nothing)
    expect(await upload(bob, program, `/rooms/${roomId}`, 'mine.txt', 'x')).toMatchObject(nothing)
    expect((await program.anonymous.get(`/files/${file.id}/text`)).status).toBe(401)
    expect((await ada.get(`/files/${file.id}/text`)).body.text).toBe('the secret of ada')
  })

  test('goes and comes back with its room', async () => {
    const roomId = await newRoom(ada)
    const { body: file } = await upload(ada, program, `/rooms/${roomId}`, 'kept.txt', 'kept')
    await ada.send('DELETE', `/rooms/${roomId}`)
    expect((await ada.get(`/files/${file.id}/content`)).status).toBe(404)
    await ada.post(`/rooms/${roomId}/restore`)
    expect((await ada.get(`/files/${file.id}/content`)).status).toBe(200)
  })

  test('ids that are none name nothing', async () => {
    expect((await ada.get('/files/none/text')).status).toBe(404)
    expect((await ada.get('/files/0198c7a0-0000-7000-8000-000000000001/content')).status).toBe(404)
  })
})

describe('an agent', () => {
  test('is told which files there are and reads them; those of others are unknown to it', async () => {
    const theirs = await upload(bob, program, `/rooms/${await newRoom(bob)}`, 'theirs.txt', 'the secret of bob')
    await parsed(bob, theirs.body.id)
    const council = await newCouncil(ada, 'manual', [{ key: 'reader', tools: ['file_read'] }])
    const { body: file } = await upload(ada, program, `/rooms/${council.roomId}`, 'plan.txt', 'We meet at noon.')
    await parsed(ada, file.id)
    const call = (id: string, fileId: string) => ({ id, name: 'file_read', arguments: JSON.stringify({ file_id: fileId }) })
    program.endpoint.reply(({ body }) => {
      const results = body.messages.filter(message => message.role === 'tool')
      return results.length === 0 ? { toolCalls: [call('a', file.id), call('b', theirs.body.id)] } : { chunks: [`read ${results.length}`] }
    })
    const turn = await ada.post(council.turns, { message: '@reader when do we meet?' })
    expect(turn.status, JSON.stringify(turn.body)).toBe(201)
    const { body: messages } = await ada.get(`/sessions/${council.sessionId}/messages?include=private`)
    const results = messages.messages
      .filter((message: { role: string }) => message.role === 'tool')
      .map((message: { content: string }) => message.content)
    expect(results[0]).toContain('We meet at noon.')
    expect(results[1]).toContain('There is no file with this id.')
    expect(JSON.stringify(program.endpoint.requests.at(-1))).toContain(`${file.id}: plan.txt`)
    expect(JSON.stringify(messages)).not.toContain('the secret of bob')
  })
})
