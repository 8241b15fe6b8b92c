import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { migrate } from '../../server/store/migrate.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import type { Client } from '../program.ts'
import { PATIENCE, parsed, upload, useFileProgram } from './file-program.ts'
import { runJob } from './job-runner.ts'

const program = await useFileProgram({ RETENTION_DAYS: '90' })
const { pool } = program.database
const rows = async (sql: string, values: unknown[] = []) => (await pool.query(sql, values)).rows
const count = async (from: string, values: unknown[] = []) => (await rows(`select count(*)::int as n from ${from}`, values))[0].n
const keysOf = async (where: string, values: unknown[]): Promise<string[]> =>
  (await rows(`select storage_key from uploaded_files where ${where}`, values)).map(row => row.storage_key)
const isStored = (key: string) => existsSync(path.join(program.folder, key))

async function say(client: Client, turns: string, message: string): Promise<string> {
  const turn = await client.post(turns, { message })
  expect(turn.status, JSON.stringify(turn.body)).toBe(201)
  return turn.body.id
}

/** A room with a turn and a file, and a direct chat with a turn and a file. */
async function settle(client: Client, word: string) {
  const council = await newCouncil(client, 'roundtable', [{ key: `${word}-room` }])
  await say(client, council.turns, `about ${word} in the room`)
  const inRoom = await upload(client, program, `/rooms/${council.roomId}`, 'room.txt', word)
  const chat = await newDirectChat(client, { key: `${word}-chat` })
  await say(client, chat.turns, `about ${word} in the chat`)
  const inChat = await upload(client, program, `/sessions/${chat.sessionId}`, 'chat.txt', word)
  await parsed(client, inRoom.body.id)
  await parsed(client, inChat.body.id)
  return { council, chat, files: [inRoom.body.id, inChat.body.id] }
}

describe('purging', () => {
  test('removes what was deleted more than seven days ago with all that hangs on it; ledger and usage stay', async () => {
    const ada = await program.user('ada')
    const { council, chat } = await settle(ada, 'lemon')
    const kept = await settle(ada, 'kept')
    const keys = await keysOf('room_id = $1 or session_id = $2', [council.roomId, chat.sessionId])
    expect(keys.filter(isStored)).toHaveLength(2)
    const usage = await ada.get('/users/me/usage')
    const ledger = await ada.get('/users/me/transactions')
    await ada.send('DELETE', `/rooms/${council.roomId}`)
    await ada.send('DELETE', `/agents/${chat.agentId}`)
    await pool.query(`update rooms set deleted_at = now() - interval '6 days 23 hours' where id = $1`, [council.roomId])
    await pool.query(`update agents set deleted_at = now() - interval '8 days' where id = $1`, [chat.agentId])
    await runJob(program, 'purge-deleted')
    expect(await count('rooms where id = $1', [council.roomId])).toBe(1)
    expect(await count('agents where id = $1', [chat.agentId])).toBe(0)
    expect(await count('sessions where id = $1', [chat.sessionId])).toBe(0)
    expect((await ada.post(`/rooms/${council.roomId}/restore`)).status).toBe(200)
    await ada.send('DELETE', `/rooms/${council.roomId}`)
    await pool.query(`update rooms set deleted_at = now() - interval '7 days 1 minute' where id = $1`, [council.roomId])
    expect((await ada.post(`/rooms/${council.roomId}/restore`)).status).toBe(404)
    await runJob(program, 'purge-deleted')
    expect(await count('rooms where id = $1', [council.roomId])).toBe(0)
    expect(await count(`messages where content like '%lemon%'`)).toBe(0)
    await expect.poll(() => keys.filter(isStored), PATIENCE).toEqual([])
    expect((await ada.get('/users/me/usage')).body.total).toBe(usage.body.total)
    expect((await ada.get('/users/me/transactions')).body).toEqual(ledger.body)
    expect((await ada.get(`/sessions/${kept.chat.sessionId}/messages`)).body.total).toBeGreaterThan(0)
    expect((await ada.get(`/files/${kept.files[0]}/text`)).body.text).toBe('kept')
  })

  test('takes a deleted session out of a room that stays', async () => {
    const bea = await program.user('bea')
    const { council } = await settle(bea, 'olive')
    await bea.send('DELETE', `/rooms/${council.roomId}/sessions/${council.sessionId}`)
    await pool.query(`update sessions set deleted_at = now() - interval '8 days' where id = $1`, [council.sessionId])
    await runJob(program, 'purge-deleted')
    expect(await count('sessions where id = $1', [council.sessionId])).toBe(0)
    expect((await bea.get(`/rooms/${council.roomId}/files`)).body).toHaveLength(1)
  })
})

describe('retention', () => {
  test('removes turns and files older than RETENTION_DAYS, and sessions that are old and empty', async () => {
    const cai = await program.user('cai')
    const { council, chat, files } = await settle(cai, 'pepper')
    const young = await say(cai, chat.turns, 'about today')
    await pool.query(`update turns set created_at = now() - interval '91 days' where session_id in ($1, $2) and id <> $3`, [
      council.sessionId,
      chat.sessionId,
      young,
    ])
    await pool.query(`update sessions set created_at = now() - interval '91 days' where id in ($1, $2)`, [
      council.sessionId,
      chat.sessionId,
    ])
    await pool.query(`update uploaded_files set created_at = now() - interval '91 days' where id = $1`, [files[0]])
    await runJob(program, 'apply-retention')
    expect(await count('sessions where id = $1', [council.sessionId])).toBe(0)
    const { body } = await cai.get(`/sessions/${chat.sessionId}/turns`)
    expect(body.turns.map((turn: { id: string }) => turn.id)).toEqual([young])
    expect((await cai.get(`/files/${files[0]}/text`)).status).toBe(404)
    expect((await cai.get(`/files/${files[1]}/text`)).status).toBe(200)
    expect(await count(`messages where content like '%pepper in%'`)).toBe(0)
    // The conversation goes on where it was.
    expect((await cai.get(`/sessions/${chat.sessionId}/turns/${await say(cai, chat.turns, 'and on')}`)).body.turn_index).toBe(3)
  })

  test('of 0 days keeps everything, and a negative one is no configuration', () => {
    expect(readConfig({ RETENTION_DAYS: '-1' })).toMatchObject({ kind: 'wrong' })
    expect(readConfig({ RETENTION_DAYS: '0' })).toMatchObject({ kind: 'ok', config: { RETENTION_DAYS: 0 } })
  })
})

describe('a user who goes', () => {
  test('takes name and content along; ledger and usage stay, and no token is accepted any more', async () => {
    const dan = await program.user('dan')
    const eve = await program.user('eve')
    await settle(dan, 'saffron')
    await settle(eve, 'thyme')
    const keys = await keysOf('user_id = $1', [dan.userId])
    const ledger = await count('credit_transactions where user_id = $1', [dan.userId])
    const calls = await count('llm_call_events where user_id = $1', [dan.userId])
    expect(calls).toBeGreaterThan(0)
    expect((await dan.send('DELETE', '/users/me')).status).toBe(204)
    expect(await dan.get('/auth/me')).toMatchObject({ status: 401, body: { detail: 'Invalid or expired token.' } })
    expect((await dan.get('/rooms')).status).toBe(401)
    await expect.poll(() => count('rooms where owner_user_id = $1', [dan.userId]), PATIENCE).toBe(0)
    await expect.poll(() => count('agents where owner_user_id = $1', [dan.userId]), PATIENCE).toBe(0)
    await expect.poll(() => keys.filter(isStored), PATIENCE).toEqual([])
    expect(await count(`messages where content like '%saffron%'`)).toBe(0)
    expect(await count('uploaded_files where user_id = $1', [dan.userId])).toBe(0)
    expect(await rows('select email, role from users where id = $1', [dan.userId])).toEqual([{ email: null, role: 'user' }])
    expect(await count('credit_transactions where user_id = $1', [dan.userId])).toBe(ledger)
    expect(await count('llm_call_events where user_id = $1', [dan.userId])).toBe(calls)
    // A token brings no name back.
    expect((await dan.get('/auth/me')).status).toBe(401)
    expect(await rows('select email from users where id = $1', [dan.userId])).toEqual([{ email: null }])
    expect(await count(`messages where content like '%thyme%'`)).toBeGreaterThan(0)
  })
})

describe('an export', () => {
  test('of oneself holds every row of one’s own and nobody else’s, bytes included', async () => {
    const fay = await program.user('fay')
    const gus = await program.user('gus')
    const own = await settle(fay, 'rosemary')
    await settle(gus, 'mint')
    const answer = await fetch(`${program.address}/api/v1/users/me/export`, { headers: { authorization: `Bearer ${fay.token}` } })
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson')
    const body = await answer.text()
    const lines = body
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const types = Object.fromEntries(Object.entries(Object.groupBy(lines, line => line.type)).map(([type, all]) => [type, all!.length]))
    expect(types).toMatchObject({
      user: 1,
      agent: 2,
      room: 1,
      room_agent: 1,
      session: 2,
      turn: 2,
      message: 4,
      file: 2,
      file_content: 2,
      usage_event: 2,
      end: 1,
    })
    expect(types.transaction).toBeGreaterThan(0)
    expect(lines.at(-1)).toEqual({ type: 'end' })
    const contents = lines.filter(line => line.type === 'file_content')
    expect(contents.map(line => Buffer.from(line.base64, 'base64').toString())).toEqual(['rosemary', 'rosemary'])
    expect(contents.map(line => line.file_id).toSorted()).toEqual(own.files.toSorted())
    expect(body).not.toContain('mint')
    expect(body).not.toContain(gus.userId)
    expect(body).not.toContain('storage_key')
  })

  test('of a session is Markdown or JSON, and of somebody else’s nothing', async () => {
    const hal = await program.user('hal')
    const { council } = await settle(hal, 'basil')
    const markdown = await hal.get(`/sessions/${council.sessionId}/export`)
    expect(markdown.headers.get('content-type')).toContain('text/markdown')
    expect(markdown.body).toContain('## You\n\nabout basil in the room\n')
    expect(markdown.body).toContain('## basil-room\n\nHello world\n')
    const json = await hal.get(`/sessions/${council.sessionId}/export?format=json`)
    expect(json.body.session.id).toBe(council.sessionId)
    expect(json.body.messages.map((message: { content: string }) => message.content)).toEqual(['about basil in the room', 'Hello world'])
    expect((await hal.get(`/sessions/${council.sessionId}/export`, { accept: 'application/json' })).body).toEqual(json.body)
    const ida = await program.user('ida')
    expect((await ida.get(`/sessions/${council.sessionId}/export`)).status).toBe(404)
  })
})

describe('search', () => {
  test('finds one’s own messages, newest first and in pages; nothing of others, nothing that was deleted', async () => {
    const jan = await program.user('jan')
    const kim = await program.user('kim')
    const { chat, council } = await settle(jan, 'cardamom')
    await settle(kim, 'nutmeg')
    await say(jan, chat.turns, 'more CARDAMOM please')
    const found = await jan.get('/search?q=cardamom')
    expect(found.body.total).toBe(3)
    expect(found.body.messages.map((message: { snippet: string }) => message.snippet)).toEqual([
      'more CARDAMOM please',
      'about cardamom in the chat',
      'about cardamom in the room',
    ])
    expect(found.body.messages[2]).toMatchObject({ session_id: council.sessionId, room_id: council.roomId, role: 'user' })
    const page = await jan.get('/search?q=cardamom&limit=1&offset=1')
    expect(page.body.messages[0].snippet).toBe('about cardamom in the chat')
    expect((await jan.get('/search?q=nutmeg')).body).toEqual({ messages: [], total: 0 })
    expect((await jan.get('/search?q=%22cardamom%20in%20the%22%20-room')).body.total).toBe(1)
    await jan.send('DELETE', `/rooms/${council.roomId}`)
    expect((await jan.get('/search?q=cardamom')).body.total).toBe(2)
    expect((await jan.get('/search?q=')).status).toBe(422)
  })

  test('looks among one’s own messages whatever is asked, and counts them on a page after the last one', async () => {
    const lea = await program.user('lea')
    await settle(await program.user('mia'), 'fennel')
    await settle(lea, 'fennel')
    const found = async (q: string, page = '') => (await lea.get(`/search?q=${encodeURIComponent(q)}${page}`)).body
    const own = (await found('fennel')).total
    expect(own).toBeGreaterThan(0)
    expect(await found('fennel', '&offset=50')).toEqual({ messages: [], total: own })
    expect((await found('-caraway')).total).toBe(
      await count(`messages join sessions on sessions.id = session_id where started_by_user_id = $1 and visibility = 'shared'`, [
        lea.userId,
      ]),
    )
    expect(await found(`' or & | ! ( :* "`)).toEqual({ messages: [], total: 0 })
  })

  test('finds what was said before messages had an owner of their own', async () => {
    const max = await program.user('max')
    const { turns } = await newDirectChat(max, { key: 'old' })
    await say(max, turns, 'tarragon of old')
    await rows(`update messages set user_id = null`)
    await say(max, turns, 'tarragon meanwhile')
    const total = async () => (await max.get('/search?q=tarragon')).body.total
    expect(await total()).toBe(1)
    await rows(`delete from migrations where name = '0015_messages_found'`)
    expect((await migrate(program.database.config)).applied).toEqual(['0015_messages_found'])
    expect(await total()).toBe(2)
  })
})

describe('the daily roll-ups', () => {
  test('are checked against their calls; a difference is a failed job that an administrator sees', async () => {
    await expect(runJob(program, 'check-rollups')).resolves.toBeUndefined()
    await pool.query('update usage_rollups_daily set call_count = call_count + 1')
    await expect(runJob(program, 'check-rollups')).rejects.toThrow('differ from their calls')
    await pool.query('update usage_rollups_daily set call_count = call_count - 1')
  })
})
