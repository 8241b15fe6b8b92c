import { describe, expect, test, vi } from 'vitest'
import { answerTo, ask, connect, delta, endpoint, STOP, sse } from './provider-trial.ts'

describe('an answer', () => {
  test('is told in full: text, usage, model, request id, times', async () => {
    const attempt = await answerTo({
      id: 'gen-7',
      model: 'vendor/served',
      usage: { fresh: 1200, cached: 800, output: 500 },
      firstTokenMs: 30,
    })
    expect(attempt).toMatchObject({
      status: 'success',
      reached: true,
      text: 'Hello world',
      toolCalls: [],
      usage: { inputFresh: 1200, inputCached: 800, output: 500, estimated: false },
      costUsd: null,
      providerModel: 'vendor/served',
      providerRequestId: 'gen-7',
      finish: 'stop',
      failure: null,
    })
    expect(attempt.timeToFirstTokenMs).toBeGreaterThanOrEqual(20)
    expect(attempt.latencyMs).toBeGreaterThanOrEqual(attempt.timeToFirstTokenMs!)
  })

  test('reaches the listener once per read of the socket, as it comes', async () => {
    const attempt = await answerTo({ rawChunks: [sse(delta('one '), delta('two ')), sse(delta('three'), STOP, '[DONE]')], betweenMs: 150 })
    expect(attempt.pieces).toEqual(['one two ', 'three'])
  })

  test('survives arriving one byte at a time, with characters of several bytes', async () => {
    const text = 'grün 漢字 👩‍🚀 ok'
    const bytes = Buffer.from(`: OPENROUTER PROCESSING\r\n\r\n${sse(delta(text), STOP, '[DONE]')}`)
    const attempt = await answerTo({ rawChunks: [...bytes].map(byte => Uint8Array.of(byte)), betweenMs: 1 })
    expect(attempt).toMatchObject({ status: 'success', text })
  })

  test('keeps an emoji whole whose halves come in two deltas', async () => {
    const half = (unit: string) => `data: {"choices":[{"delta":{"content":"${unit}"}}]}\n\n`
    const attempt = await answerTo({ rawChunks: [half('\\ud83d'), half('\\ude00!'), sse(STOP)], betweenMs: 100 })
    expect(attempt).toMatchObject({ status: 'success', text: '😀!' })
    expect(attempt.pieces.every(piece => piece.isWellFormed())).toBe(true)
  })

  test('carries no NUL and no half character, which no database and no stream could hold', async () => {
    const attempt = await answerTo({ chunks: ['a\0b', '\ud83dc'] })
    expect(attempt.text).toBe('ab\ufffdc')
  })

  test('leaves reasoning out of the text and out of the first token', async () => {
    const attempt = await answerTo({ reasoning: ['let me think', ' more'], chunks: ['42'] })
    expect(attempt).toMatchObject({ status: 'success', text: '42' })
  })

  test('of a server that does not stream counts as one piece', async () => {
    const attempt = await answerTo({
      jsonBody: {
        id: 'cmpl-1',
        model: 'local',
        choices: [{ message: { role: 'assistant', content: 'all at once' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 4 },
      },
    })
    expect(attempt).toMatchObject({ status: 'success', pieces: ['all at once'], providerRequestId: 'cmpl-1', finish: 'stop' })
    expect(attempt.usage).toEqual({ inputFresh: 3, inputCached: 0, output: 4, estimated: false })
  })

  test('of a server that does not stream and gives no finish reason is whole all the same', async () => {
    const attempt = await answerTo({ jsonBody: { choices: [{ message: { content: 'short' }, finish_reason: null }] } })
    expect(attempt).toMatchObject({ status: 'success', text: 'short', finish: null })
  })

  test('that stops at its limit says so', async () => {
    expect(await answerTo({ finish: 'length' })).toMatchObject({ status: 'success', finish: 'length' })
  })

  test('is whole after its finish reason, even when the connection breaks before the end of the body', async () => {
    expect(await answerTo({ rawChunks: [sse(delta('done'), STOP)], cutAfter: 1 })).toMatchObject({
      status: 'success',
      text: 'done',
      finish: 'stop',
    })
  })

  test('does not wait for the end of a body that stays open after [DONE]', async () => {
    endpoint.reply({ rawChunks: [sse(delta('done'), STOP, '[DONE]')], hangAfter: 1 })
    const attempt = await ask(connect())
    expect(attempt).toMatchObject({ status: 'success', text: 'done' })
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 4_000)
  })
})

describe('tool calls', () => {
  test('are put together from fragments, several side by side', async () => {
    const attempt = await answerTo({
      toolCalls: [
        { id: 'call_a', name: 'search', arguments: ['{"que', 'ry":"tea', '"}'] },
        { id: 'call_b', name: 'file_read', arguments: '{"file_id":"f1"}' },
      ],
    })
    expect(attempt).toMatchObject({ status: 'success', text: '', finish: 'tool_calls' })
    expect(attempt.toolCalls).toEqual([
      { id: 'call_a', name: 'search', arguments: '{"query":"tea"}' },
      { id: 'call_b', name: 'file_read', arguments: '{"file_id":"f1"}' },
    ])
    expect(attempt.timeToFirstTokenMs).not.toBeNull()
  })

  test('under one index are two when they have two ids', async () => {
    const call = (id: string, query: string) => ({
      choices: [{ delta: { tool_calls: [{ index: 0, id, function: { name: 'search', arguments: query } }] } }],
    })
    const attempt = await answerTo({ rawChunks: [sse(call('a', '{"q":1}'), call('b', '{"q":2}'), STOP)] })
    expect(attempt.toolCalls.map(({ id, arguments: told }) => [id, told])).toEqual([
      ['a', '{"q":1}'],
      ['b', '{"q":2}'],
    ])
    expect(attempt.finish).toBe('tool_calls')
  })

  test('that repeat their id and name in every fragment are one call, and one without an id gets one', async () => {
    const fragment = (index: number, id: string | undefined, told: string) => ({
      choices: [{ delta: { tool_calls: [{ index, id, function: { name: 'search', arguments: told } }] } }],
    })
    const attempt = await answerTo({
      rawChunks: [sse(fragment(0, 'a', '{"q"'), fragment(0, 'a', ':1}'), fragment(1, undefined, '{}'), STOP)],
    })
    expect(attempt.toolCalls).toEqual([
      { id: 'a', name: 'search', arguments: '{"q":1}' },
      { id: expect.stringMatching(/^call_\w{1,35}$/), name: 'search', arguments: '{}' },
    ])
  })
})
