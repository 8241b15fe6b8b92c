import { afterAll, describe, expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { createClient, startProgram } from '../program.ts'
import { useAdministration } from './administration.ts'

const program = await useAdministration()
const { owner, analyst } = program
const VERSION = '2026-02-20'

const second = await startProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url })
afterAll(() => second.stop())

const setPrice = (alias: string, multiplier: unknown, headers?: Record<string, string>) =>
  owner.send('PATCH', `/admin/pricing/${alias}`, { multiplier, pricing_version: VERSION }, headers)

describe('prices', () => {
  test('the active version is read with every alias', async () => {
    const { status, body, headers } = await analyst.get('/admin/pricing')
    expect(status).toBe(200)
    expect(body.pricing_version).toBe(VERSION)
    expect(body.items).toContainEqual({ model_alias: 'premium', multiplier: '14', pricing_version: VERSION })
    expect(body.items).toHaveLength(17)
    expect(headers.get('etag')).toMatch(/^"/)
  })

  test('a change is answered with the price, holds in the list and is written down', async () => {
    const changed = await setPrice('grok', '18.25')
    expect(changed.status).toBe(200)
    expect(changed.body).toEqual({ model_alias: 'grok', multiplier: '18.25', pricing_version: VERSION })
    expect((await owner.get('/admin/pricing')).body.items).toContainEqual(changed.body)
    expect(await program.lastChange()).toMatchObject({
      actor_user_id: owner.userId,
      action: 'price_set',
      target: 'grok',
      before: { model_alias: 'grok', multiplier: '18', pricing_version: VERSION },
      after: { model_alias: 'grok', multiplier: '18.25', pricing_version: VERSION },
    })
  })

  test('what changes nothing leaves no line', async () => {
    const before = await program.countChanges()
    expect((await setPrice('gpt_4o', 12.5)).status).toBe(200)
    expect(await program.countChanges()).toBe(before)
  })

  test.each([0, -1, '100.0001', 101, '0.00001', 'many', null])('a multiplier of %s is refused', async multiplier => {
    const refused = await setPrice('grok', multiplier)
    expect([refused.status, refused.body.code]).toEqual([422, 'validation_error'])
    expect(refused.body.errors[0].path).toBe('multiplier')
  })

  test('the bounds themselves are allowed', async () => {
    expect((await setPrice('claude_opus', 100)).body.multiplier).toBe('100')
    expect((await setPrice('claude_opus', '0.0001')).body.multiplier).toBe('0.0001')
    expect((await setPrice('claude_opus', 30)).body.multiplier).toBe('30')
  })

  test('an unknown alias and an unknown version are 404, an unknown field is 422', async () => {
    expect((await setPrice('nothing', 1)).body).toMatchObject({ status: 404, code: 'not_found', detail: 'Model not found.' })
    const unknown = await owner.send('PATCH', '/admin/pricing/grok', { multiplier: 1, pricing_version: '1999-01-01' })
    expect(unknown.body).toMatchObject({ status: 404, code: 'not_found', detail: 'Pricing version not found.' })
    const surplus = await owner.send('PATCH', '/admin/pricing/grok', { multiplier: 1, pricing_version: VERSION, more: 1 })
    expect(surplus.body).toMatchObject({ status: 422, code: 'validation_error' })
    expect((await owner.send('PATCH', '/admin/pricing/%00', { multiplier: 1, pricing_version: VERSION })).status).toBe(422)
  })

  test('If-Match takes the version of the list or of the price, and refuses an old one of either', async () => {
    const list = (await owner.get('/admin/pricing')).headers.get('etag')!
    const first = await setPrice('glm_4_5', 3, { 'if-match': list })
    expect(first.status).toBe(200)
    expect((await setPrice('glm_4_5', 4, { 'if-match': list })).body).toMatchObject({ status: 412, code: 'version_conflict' })
    const price = first.headers.get('etag')!
    expect((await setPrice('glm_4_5', 4, { 'if-match': price })).status).toBe(200)
    expect((await setPrice('glm_4_5', 5, { 'if-match': price })).status).toBe(412)
    expect((await setPrice('glm_4_5', '2.55', { 'if-match': '*' })).status).toBe(200)
  })

  test('of twenty changes that expect the same version one is made', async () => {
    for (const round of [1, 2, 3]) {
      const list = (await owner.get('/admin/pricing')).headers.get('etag')!
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => setPrice('kimi_k2', 20 * round + index, { 'if-match': list })),
      )
      expect(answers.map(answer => answer.status).sort()).toEqual([200, ...Array(19).fill(412)])
    }
  })

  test('the next call is billed at the new price, on every replica; a turn that runs keeps its own', async () => {
    const ada = await program.user('ada')
    const { turns } = await newDirectChat(ada, { key: 'writer' })
    const usage = { fresh: 0, output: 1000 }
    const elsewhere = createClient(second.address, ada.userId, ada.token)
    program.endpoint.reply({ usage, firstTokenMs: 300 })
    expect((await elsewhere.post(turns, { message: 'before' })).body.credits_burned).toBe('0.1')

    const running = ada.post(turns, { message: 'during' })
    await expect.poll(() => program.endpoint.requests.length).toBe(2)
    expect((await setPrice('deepseek', 2)).status).toBe(200)
    expect((await running).body.credits_burned).toBe('0.1')

    expect((await ada.post(turns, { message: 'after' })).body.credits_burned).toBe('0.2')
    expect((await elsewhere.post(turns, { message: 'after, there' })).body.credits_burned).toBe('0.2')
    const { rows } = await program.database.pool.query('select distinct multiplier, pricing_version from llm_call_events order by 1')
    expect(rows).toEqual([
      { multiplier: '1', pricing_version: VERSION },
      { multiplier: '2', pricing_version: VERSION },
    ])
  })
})
