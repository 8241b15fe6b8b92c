import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import { useProgram } from '../program.ts'

const { user, endpoint, database } = await useProgram({ SEARXNG_BASE_URL: 'http://127.0.0.1:9' , OUTBOUND_ALLOW_PRIVATE: 'true'})

const setBalance = (userId: string, balance: string) =>
  database.pool.query(`update credit_wallets set balance = $2 where user_id = $1`, [userId, balance])

test('S1 summary takes admitted call', async () => {
  const ada = await user('s1')
  const { turns } = await newDirectChat(ada, { key: 'x' })
  const seen: any[] = []
  endpoint.reply(r => { seen.push([r.purpose, r.body.max_tokens]); return r.purpose === 'summary' ? { chunks: ['{"summary_text":"s"}'], firstTokenMs: 300 } : { chunks: ['ok'] } })
  for (let i = 0; i < 8; i++) await ada.post(turns, { message: 'm' + i })
  seen.length = 0
  await database.pool.query(`insert into runtime_settings (key, value) values ('credit_enforcement_enabled', 'true')`)
  await sleep(300)
  await setBalance(ada.userId, '0.24')
  const a = await ada.post(turns, { message: 'ninth' })
  console.log('S1', a.status, JSON.stringify(a.body).slice(0, 400), JSON.stringify(seen))
  if (a.body.turn_id) console.log(JSON.stringify((await ada.get(`${turns}/${a.body.turn_id}`)).body).slice(0, 800))
  seen.length = 0
  // control: no summary due
  const c = await newDirectChat(ada, { key: 'y' })
  await setBalance(ada.userId, '0.24')
  const b = await ada.post(c.turns, { message: 'control' })
  console.log('S1 control', b.status, b.body.status, JSON.stringify(seen))
  await database.pool.query(`delete from runtime_settings`)
  await sleep(300)
})

test('S9 tool args null / NUL key', async () => {
  const ada = await user('s9')
  for (const args of ['null', '{"a\\u0000b":1}', '{"query":"x\\u0000"}', '{"k":"\\ud800"}', '{"\\ud800":1}', '['.repeat(20000) + ']'.repeat(20000)]) {
    const { turns } = await newDirectChat(ada, { key: 'k' + Math.random().toString(36).slice(2), tools: ['search'] })
    let n = 0
    endpoint.reply(() => (n++ === 0 ? { chunks: [], toolCalls: [{ id: 'c1', name: 'search', arguments: args }] } : { chunks: ['fine'] }))
    const a = await ada.post(turns, { message: 'go' })
    console.log('S9', args.slice(0, 30), a.status, a.body.status ?? a.body.detail)
  }
})

test('S9b routing instruction NUL', async () => {
  const ada = await user('s9b')
  for (const ins of ['a\\u0000b', 'half \\ud83d']) {
    const { turns } = await newCouncil(ada, 'orchestrator', [{ key: 'k' + Math.random().toString(36).slice(2) }, {key: 'k' + Math.random().toString(36).slice(2) }])
    endpoint.reply(r => r.purpose === 'manager_routing' ? { chunks: ['{"assignments":[{"agent_key":"' + /- (k\w+):/.exec(r.body.messages[0]!.content!)![1] + '","instruction":"' + ins + '"}]}'] } : { chunks: ['fine'] })
    const a = await ada.post(turns, { message: 'go' })
    console.log('S9b', ins, a.status, a.body.status ?? a.body.detail)
  }
})

test('S21 failed close loses last call; S20 rejoin of log', async () => {
  const ada = await user('s21')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  await database.pool.query(`create function refuse_audits() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
    create trigger refuse_audits before insert on turn_context_audit for each row execute function refuse_audits()`)
  endpoint.reply({ chunks: ['a whole answer'], usage: { fresh: 1000, output: 1000 } })
  const s = await ada.stream(`${turns}/stream`, { message: 'Go.' })
  const id = s.headers.get('x-turn-id')
  const ev = await s.all()
  console.log('S21 stream', JSON.stringify(ev.map(e => e.data)))
  const j = await database.pool.query('select journal from turn_runs where turn_id=$1', [id])
  console.log('S21 journal', JSON.stringify(Object.values(j.rows[0].journal).map((e: any) => e.state)))
  await database.pool.query('drop trigger refuse_audits on turn_context_audit')
  await database.pool.query(`update turn_runs set lease_until = now() where session_id = $1`, [sessionId])
  await expect.poll(async () => (await ada.get(turns)).body.total, { timeout: 15_000 }).toBe(1)
  const t = (await ada.get(`${turns}/${id}`)).body
  console.log('S21 stored', t.status, JSON.stringify(t.assistant_output), JSON.stringify(t.calls))
  const re = await (await ada.follow(`${turns}/${id}/stream`)).all()
  console.log('S20 rejoin', JSON.stringify(re.map(e => e.data)), 'equal', joinedText(re) === t.assistant_output)
})

test('S35 tool call of an agent without tools', async () => {
  const ada = await user('s35')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: [], toolCalls: [{ id: 'c1', name: 'search', arguments: '{"query":"x"}' }] })
  const a = await ada.post(turns, { message: 'go' })
  const d = (await ada.get(`${turns}/${a.body.id}`)).body
  console.log('S35', a.status, a.body.status, JSON.stringify(a.body.assistant_output), JSON.stringify(d.tool_calls), d.credits_burned)
})

test('S68 overflow_rejected', async () => {
  await database.pool.query(`insert into models (alias, display_name, provider, provider_model, context_window, input_usd_per_million, output_usd_per_million)
  values ('tiny', 'Tiny', 'openrouter', 'test/tiny', 2048, 1, 1)`)
  await database.pool.query(`insert into model_pricing (pricing_version, model_alias, multiplier) values ('2026-02-20', 'tiny', 1)`)
  await sleep(300)
  const ada = await user('s68')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two', model: 'tiny' }])
  endpoint.reply({ chunks: ['ok'] })
  const a = await ada.post(turns, { message: 'word '.repeat(2000) })
  const d = (await ada.get(`${turns}/${a.body.id}`)).body
  console.log('S68', a.status, a.body.status, a.body.overflow_rejected, d.overflow_rejected, JSON.stringify(d.context.map((c: any) => c.overflow_rejected)), a.body.assistant_output)
})

test('title surrogate', async () => {
  const ada = await user('title')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['ok'] })
  await ada.post(turns, { message: 'x'.repeat(79) + '😀'.repeat(5) })
  console.log('TITLE', JSON.stringify((await ada.get(`/sessions/${sessionId}`)).body.title))
})

test('S27 second agent small window, summary flag', async () => {
  await database.pool.query(`insert into models (alias, display_name, provider, provider_model, context_window, input_usd_per_million, output_usd_per_million)
  values ('small', 'Small', 'openrouter', 'test/small', 8192, 1, 1)`)
  await database.pool.query(`insert into model_pricing (pricing_version, model_alias, multiplier) values ('2026-02-20', 'small', 1)`)
  await sleep(300)
  const ada = await user('s27')
  const { turns, sessionId } = await newCouncil(ada, 'roundtable', [{ key: 'one' }, { key: 'two', model: 'small' }])
  endpoint.reply(r => r.purpose === 'summary' ? { chunks: ['{"summary_text":"s"}'] } : { chunks: ['Words of it. '.repeat(100)] })
  let a: any
  for (let i = 0; i < 7; i++) a = await ada.post(turns, { message: 'Question ' + 'and so '.repeat(50) })
  const d = (await ada.get(`${turns}/${a.body.id}`)).body
  const s = await database.pool.query('select 1 from session_summaries where session_id=$1', [sessionId])
  console.log('S27', a.body.summary_triggered, JSON.stringify(d.context.map((c: any) => [c.agent_key, c.summary_triggered, c.prune_triggered, c.estimated_tokens_before])), 'summaries', s.rowCount)
})
