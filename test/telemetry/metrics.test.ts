import { afterAll, describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { createClient, startProgram, useProgram } from '../program.ts'
import { scrape } from './scraped.ts'

const TOKEN = 'a metrics token of the tests'
const program = await useProgram({ METRICS_TOKEN: TOKEN, ADMIN_USER_IDS: 'owner-id' })
const url = `${program.address}/metrics`
const read = () => scrape(url, TOKEN)
const ada = await program.user('ada')

/** What the series grew by meanwhile. */
async function growth(of: string[], work: () => Promise<unknown>): Promise<number[]> {
  const before = await read()
  await work()
  const after = await read()
  return of.map(series => (after.value(series) ?? 0) - (before.value(series) ?? 0))
}

describe('turns and calls', () => {
  test('are counted by mode, status and alias, to the last token', async () => {
    const council = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two', model: 'llama' }])
    program.endpoint.reply({ usage: { fresh: 60, cached: 40, output: 7 } })
    const series = [
      'pantheon_turns_total{mode="roundtable",status="completed"}',
      'pantheon_turn_duration_seconds_count{mode="roundtable"}',
      'pantheon_turn_close_duration_seconds_count',
      'pantheon_model_calls_total{alias="deepseek",purpose="agent",status="success"}',
      'pantheon_time_to_first_token_seconds_count{alias="llama"}',
      'pantheon_tokens_total{alias="llama",kind="input_fresh"}',
      'pantheon_tokens_total{alias="llama",kind="input_cached"}',
      'pantheon_tokens_total{alias="llama",kind="output"}',
    ]
    const grown = await growth(series, async () => expect((await ada.post(council.turns, { message: 'Hello.' })).status).toBe(201))
    expect(grown).toEqual([1, 1, 1, 1, 1, 60, 40, 7])
    const { credits } = await ada.get('/users/me/usage?limit=2').then(({ body }) => ({
      credits: body.events.reduce((sum: number, event: { credits_burned: string }) => sum + Number(event.credits_burned), 0),
    }))
    const scraped = await read()
    const counted = ['deepseek', 'llama'].map(alias => scraped.value(`pantheon_credits_total{alias="${alias}"}`) ?? 0)
    expect(counted[0]! + counted[1]!).toBeCloseTo(credits, 3)
    program.endpoint.reply({})
  })

  test('that a provider fails are counted with their provider', async () => {
    const { turns } = await newDirectChat(ada, { key: 'failing', model: 'qwen' })
    program.endpoint.reply({ status: 500 })
    const series = [
      'pantheon_turns_total{mode="standalone",status="failed"}',
      'pantheon_provider_errors_total{provider="openrouter",alias="qwen",status="error"}',
      'pantheon_http_requests_total{method="POST",route="/api/v1/sessions/:session_id/turns",status="502"}',
    ]
    // Each try that the provider answered is a call of its own.
    expect(await growth(series, () => ada.post(turns, { message: 'Hello.' }))).toEqual([1, 2, 1])
    program.endpoint.reply({})
  })

  test('count their tools, and a name that the model made up as one word', async () => {
    const { turns } = await newDirectChat(ada, { key: 'tooled', tools: ['file_read'] })
    const call = (name: string) => ({ toolCalls: [{ id: name, name, arguments: '{"file_id":"none"}' }] })
    const answers = [call('file_read'), call('rm_rf'), { chunks: ['Done.'] }]
    program.endpoint.reply(() => answers.shift()!)
    const series = [
      'pantheon_tool_calls_total{tool="file_read",status="success"}',
      'pantheon_tool_calls_total{tool="file_read",status="error"}',
      'pantheon_tool_calls_total{tool="refused",status="refused"}',
    ]
    const [success = 0, error = 0, refused] = await growth(series, () => ada.post(turns, { message: 'Read.' }))
    expect([success + error, refused]).toEqual([1, 1])
    program.endpoint.reply({})
  })

  test('that their process has left are counted by whoever closes them', async () => {
    const other = await startProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url })
    const there = createClient(other.address, ada.userId, ada.token)
    const { turns } = await newDirectChat(there, { key: 'left' })
    program.endpoint.reply({ chunks: ['a', 'b'], hangAfter: 1 })
    const stream = await there.stream(`${turns}/stream`, { message: 'Hello.' })
    const turnId = stream.headers.get('x-turn-id')
    const lapsed = async () => {
      const scraped = await read()
      return ['partial', 'failed'].reduce((sum, status) => sum + (scraped.value(`pantheon_lapsed_turns_total{status="${status}"}`) ?? 0), 0)
    }
    const before = await lapsed()
    await program.database.pool.query(
      `update turn_runs set owner_process = 'nobody', lease_until = now() - interval '1 minute' where turn_id = $1`,
      [turnId],
    )
    await expect.poll(lapsed, { timeout: 20_000 }).toBe(before + 1)
    await other.stop()
    program.endpoint.reply({})
  }, 30_000)

  test('are seen while they run, with whoever reads along', async () => {
    const { turns } = await newDirectChat(ada, { key: 'long' })
    program.endpoint.reply({ chunks: ['a', 'b'], hangAfter: 1 })
    const leave = new AbortController()
    const stream = await ada.stream(`${turns}/stream`, { message: 'Hello.' }, { signal: leave.signal })
    const other = await ada.follow(`${turns}/${stream.headers.get('x-turn-id')}/stream`)
    await expect.poll(async () => (await read()).value('pantheon_stream_subscribers')).toBe(2)
    expect((await read()).value('pantheon_turns_running')).toBe(1)
    leave.abort()
    await expect.poll(async () => (await read()).value('pantheon_stream_subscribers')).toBe(1)
    await ada.post(`${turns}/${stream.headers.get('x-turn-id')}/cancel`)
    await other.all()
    await expect.poll(async () => (await read()).value('pantheon_stream_subscribers')).toBe(0)
    const route = 'method="POST",route="/api/v1/sessions/:session_id/turns/stream"'
    const scraped = await read()
    expect(scraped.value(`pantheon_http_requests_total{${route},status="200"}`)).toBe(1)
    // How long somebody reads is no time of ours.
    expect(scraped.value(`pantheon_http_request_duration_seconds_count{${route}}`)).toBeUndefined()
    program.endpoint.reply({})
  })
})

test('requests are counted by their route, never by their address', async () => {
  const series = ['pantheon_http_requests_total{method="GET",route="/api/v1/rooms/:room_id",status="404"}']
  expect(await growth(series, () => ada.get('/rooms/something-of-mine'))).toEqual([1])
  expect(
    await growth(['pantheon_http_requests_total{method="GET",route="unknown",status="404"}'], () => ada.get('/no-such-thing')),
  ).toEqual([1])
  const { text } = await read()
  for (const own of ['something-of-mine', 'no-such-thing', ada.userId, 'Hello.', ada.token]) expect(text).not.toContain(own)
})

test('the process and the queue are read when somebody looks', async () => {
  const scraped = await read()
  expect(scraped.value('pantheon_build_info{version="0.0.0-test"}')).toBe(1)
  expect(scraped.value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
  expect(scraped.names).toEqual(expect.arrayContaining(['nodejs_eventloop_lag_seconds', 'process_cpu_seconds_total']))
  expect(scraped.value('pantheon_database_connections{state="waiting"}')).toBe(0)
  expect(scraped.value('pantheon_jobs{queue="parse-file",state="failed"}')).toBe(0)
  await program.database.pool.query(
    `insert into pgboss.job (name, state, data) values ('parse-file', 'failed', '{}'), ('parse-file', 'created', '{}')`,
  )
  expect((await read()).value('pantheon_jobs{queue="parse-file",state="failed"}')).toBe(1)
  expect((await read()).value('pantheon_jobs{queue="parse-file",state="waiting"}')).toBe(1)
})

describe('the door', () => {
  test('is closed to whoever lacks the token', async () => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: TOKEN }, { authorization: `Bearer ${ada.token}` }])
      expect((await fetch(url, { headers: headers as Record<string, string> })).status).toBe(401)
  })

  const others: (() => Promise<void>)[] = []
  afterAll(() => Promise.all(others.map(stop => stop())))
  const start = async (environment: Record<string, string>) => {
    let said = ''
    const other = await startProgram({ DATABASE_URL: program.database.url, ...environment }, text => {
      said = text
    })
    others.push(other.stop)
    return { address: other.address, port: /metrics on port (\d+)/.exec(said)?.[1], said }
  }

  test('is not there when nothing turns it on', async () => {
    const { address, said } = await start({})
    expect((await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(404)
    expect(said).toMatch(/switched off[\s\S]*METRICS_PORT/)
  })

  test('is on a port of its own where there is one, and on no other', async () => {
    const { address, port } = await start({ METRICS_PORT: '0' })
    expect((await createClient(address, '', '').get('/health')).status).toBe(200)
    expect((await fetch(`${address}/metrics`)).status).toBe(404)
    const scraped = await scrape(`http://127.0.0.1:${port}/metrics`)
    expect(scraped.value('pantheon_http_requests_total{method="GET",route="/api/v1/health",status="200"}')).toBe(1)
    expect((await fetch(`http://127.0.0.1:${port}/elsewhere`)).status).toBe(404)
  })

  test('asks for the token there, too, where one is set', async () => {
    const { port } = await start({ METRICS_PORT: '0', METRICS_TOKEN: TOKEN })
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(401)
    expect((await scrape(`http://127.0.0.1:${port}/metrics`, TOKEN)).names).toContain('pantheon_turns_total')
  })
})
