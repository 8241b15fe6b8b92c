import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { startChildProgram } from '../child-program.ts'
import { useTestDatabase } from '../database.ts'
import { createClient, tokenFor } from '../program.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
const database = await useTestDatabase()
const endpoint = await startModelEndpoint()
afterAll(() => endpoint.close())
const env = { DATABASE_URL: database.url, OPENROUTER_BASE_URL: endpoint.url, RATE_LIMIT_TURNS_PER_MINUTE: '100000', RATE_LIMIT_TURNS_PER_HOUR: '100000' }
test('lease lapsed while owner lives', { timeout: 60_000 }, async () => {
  const a = await startChildProgram(env); const b = await startChildProgram(env)
  const ada = createClient(a.address, 'ada-id', await tokenFor('ada-id', 'ada@example.com')); await ada.get('/auth/me')
  const { turns } = await newCouncil(ada, 'roundtable', [{ key: 'x', name: 'X' }, { key: 'y', name: 'Y' }])
  endpoint.reply(r => r.agentKey === 'x' ? ({ chunks: ['first'] }) : { chunks: Array(80).fill('w '), betweenMs: 150 })
  const s = await ada.stream(`${turns}/stream`, { message: 'go' })
  const it = s.events(); await it.next()
  await sleep(500)
  for (let i = 0; i < 35; i++) { await database.pool.query(`update turn_runs set lease_until = now() - interval '1 second' where fence = 1`); await sleep(200) }
  const rest: any[] = []
  for await (const e of it) rest.push(e.data)
  const id = s.headers.get('x-turn-id')
  await sleep(1000)
  const t = (await ada.get(`${turns}/${id}`)).body
  const reA = await (await ada.follow(`${turns}/${id}/stream`)).all()
  console.log('LEASE end', JSON.stringify(rest.slice(-2)), 'stored', t.status, JSON.stringify(t.assistant_output))
  console.log('rejoin A', JSON.stringify(reA.slice(-2).map(e => e.data)), 'text equal', reA.map(e => e.data.delta ?? '').join('') === t.assistant_output)
  await a.end('SIGKILL'); await b.end('SIGKILL')
})
test('same tool call ids, tool price, hold', { timeout: 60_000 }, async () => {})
