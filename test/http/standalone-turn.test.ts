import { describe, expect, test } from 'vitest'
import { joinedText } from '../event-reader.ts'
import { type Client, useProgram } from '../program.ts'

const program = await useProgram()

async function newSession(client: Client, agent: Record<string, unknown> = {}) {
  const key = `agent-${Math.random().toString(36).slice(2, 8)}`
  const made = await client.post('/agents', { agent_key: key, name: 'Ada', model_alias: 'deepseek', ...agent })
  expect(made.status).toBe(201)
  const session = await client.post(`/agents/${made.body.id}/sessions`)
  expect(session.status).toBe(201)
  return { agent: made.body, session: session.body, turns: `/sessions/${session.body.id}/turns` }
}

describe('a standalone turn', () => {
  test('is answered, stored, metered and billed exactly, and every place says the same', async () => {
    const ada = await program.user('exact')
    const { turns } = await newSession(ada)
    program.endpoint.reply({
      chunks: ['Four ', 'is ', 'even.'],
      usage: { fresh: 1200, cached: 800, output: 500 },
      cost: 0.00123456,
      model: 'deepseek/x',
    })
    const answer = await ada.post(turns, { message: 'Is four even?' })
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      status: 'completed',
      assistant_output: 'Four is even.',
      credits_burned: '0.1',
      balance_after: '99.9',
      turn_index: 1,
    })
    expect((await ada.get('/users/me/wallet')).body.balance).toBe('99.9')
    const event = (await ada.get('/users/me/usage')).body.events[0]
    expect(event).toMatchObject({ credits_burned: '0.1', input_tokens: 2000, output_tokens: 500, turn_id: answer.body.id })
    expect((await ada.get('/users/me/transactions')).body.transactions[0]).toMatchObject({
      kind: 'debit',
      amount: '-0.1',
      reference_id: answer.body.id,
    })
    const { rows } = await program.database.pool.query('select * from usage_rollups_daily where user_id = $1', [ada.userId])
    expect(rows).toMatchObject([
      {
        model_alias: 'deepseek',
        call_count: 1,
        credits_burned: '0.1',
        input_tokens_fresh: 1200,
        input_tokens_cached: 800,
        provider_cost_usd: '0.00123456',
      },
    ])
  })

  test('streams what it stores, and says done only after the commit', async () => {
    const ada = await program.user('streamer')
    const { turns } = await newSession(ada)
    program.endpoint.reply({ chunks: ['One ', 'two ', 'three'], betweenMs: 5 })
    const stream = await ada.stream(`${turns}/stream`, { message: 'Count.' })
    expect(stream.headers.get('content-type')).toBe('text/event-stream')
    const events = await stream.all()
    expect(events.map(event => event.id)).toEqual(events.map((_, index) => index + 1))
    const done = events.at(-1)!.data
    expect(done).toMatchObject({ type: 'done', status: 'completed', turn_id: stream.headers.get('x-turn-id') })
    const stored = await ada.get(`${turns}/${done.turn_id}`)
    expect(stored.body.status).toBe('completed')
    expect(joinedText(events)).toBe(stored.body.assistant_output)
    expect(stored.body.calls).toHaveLength(1)
  })
})
