import { getEventListeners } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createChatCompletions, type ProviderTimeouts } from '../../server/llm/chat-completions.ts'
import { requestBody } from '../../server/llm/chat-completions-request.ts'
import type { ModelProvider, ModelRequest } from '../../server/llm/model.ts'
import { type ModelEndpoint, type ModelScript, startModelEndpoint } from '../model-endpoint.ts'

const API_KEY = 'plain-not-a-real-key-0123456789'
const PATIENT: ProviderTimeouts = { connectMs: 5_000, firstTokenMs: 20_000, idleMs: 20_000 }

let endpoint: ModelEndpoint
const providers: { close(): Promise<void> }[] = []

beforeEach(async () => {
  endpoint = await startModelEndpoint()
})

afterEach(async () => {
  await Promise.all(providers.splice(0).map(provider => provider.close()))
  await endpoint.close()
})

function connect(options: Partial<Parameters<typeof createChatCompletions>[0]> = {}): ModelProvider {
  const provider = createChatCompletions({ baseUrl: endpoint.url, apiKey: API_KEY, flavour: 'openrouter', timeouts: PATIENT, ...options })
  providers.push(provider)
  return provider
}

const impatient = (timeouts: Partial<ProviderTimeouts>) => connect({ timeouts: { ...PATIENT, ...timeouts } })

const request = (members: Partial<ModelRequest> = {}): ModelRequest => ({
  requestId: '018f0000-0000-7000-8000-000000000001',
  provider: 'openrouter',
  providerModel: 'vendor/model-a',
  messages: [
    { role: 'system', content: 'You are Ada, who checks figures.' },
    { role: 'user', content: 'What is the answer to my private question?' },
  ],
  tools: [],
  maxTokens: 300,
  stop: [],
  json: false,
  purpose: 'agent',
  turnId: 'turn-1',
  traceId: 'trace-1',
  agentKey: 'ada',
  ...members,
})

async function ask(provider: ModelProvider, asked: ModelRequest = request(), signal = new AbortController().signal) {
  const pieces: string[] = []
  const attempt = await provider.attempt(asked, piece => pieces.push(piece), signal)
  expect(pieces.join('')).toBe(attempt.text)
  return { ...attempt, pieces }
}

const answerTo = (script: ModelScript, asked?: ModelRequest) => {
  endpoint.reply(script)
  return ask(connect(), asked)
}

const sse = (...events: unknown[]): string =>
  events.map(event => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
const delta = (content: string) => ({
  id: 'gen-x',
  model: 'vendor/served',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})
const STOP = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }

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

describe('usage', () => {
  test('is zero when the provider says zero', async () => {
    expect((await answerTo({ usage: { fresh: 0, output: 0 } })).usage).toEqual({
      inputFresh: 0,
      inputCached: 0,
      output: 0,
      estimated: false,
    })
  })

  test('is estimated from bytes and marked when the provider tells nothing', async () => {
    const asked = request({ messages: [{ role: 'user', content: 'ü'.repeat(50) }] })
    const attempt = await answerTo({ usage: null, chunks: ['x'.repeat(33)] }, asked)
    expect(attempt.usage).toEqual({
      inputFresh: Math.ceil((100 / 4) * 1.25),
      inputCached: 0,
      output: Math.ceil((33 / 4) * 1.25),
      estimated: true,
    })
  })

  test('estimates count tool calls and reasoning, which are billed like text', async () => {
    const attempt = await answerTo({
      usage: null,
      reasoning: ['y'.repeat(16)],
      toolCalls: [{ id: 'a', name: 'search', arguments: '{"q":"12"}' }],
    })
    expect(attempt.usage).toMatchObject({ output: 10, estimated: true })
  })

  test.each([
    ['negative', { prompt_tokens: -1, completion_tokens: -5 }],
    ['fractional', { prompt_tokens: 1.5, completion_tokens: 2.5 }],
    ['text', { prompt_tokens: '10', completion_tokens: '5' }],
    ['absurd', { prompt_tokens: 1e300, completion_tokens: 1e300 }],
    ['a list', [10, 5]],
  ])('that is %s does not count as told', async (_name, rawUsage) => {
    expect((await answerTo({ rawUsage })).usage.estimated).toBe(true)
  })

  test('keeps the told side when the other is garbage, and is marked', async () => {
    const { usage } = await answerTo({ rawUsage: { prompt_tokens: 12, completion_tokens: null }, chunks: ['x'.repeat(16)] })
    expect(usage).toEqual({ inputFresh: 12, inputCached: 0, output: 5, estimated: true })
  })

  test.each([
    ['cache_read_input_tokens', { cache_read_input_tokens: 4 }, 4],
    ['prompt_cache_hit_tokens', { prompt_cache_hit_tokens: 4 }, 4],
    ['cached tokens beyond the prompt', { prompt_tokens_details: { cached_tokens: 99 } }, 10],
    ['cached tokens below zero', { prompt_tokens_details: { cached_tokens: -3 } }, 0],
  ])('reads %s', async (_name, members, cached) => {
    const { usage } = await answerTo({ rawUsage: { prompt_tokens: 10, completion_tokens: 5, ...members } })
    expect(usage).toEqual({ inputFresh: 10 - cached, inputCached: cached, output: 5, estimated: false })
  })

  test('adds reasoning only where the total proves that it is told beside the output', async () => {
    const details = { completion_tokens_details: { reasoning_tokens: 7 } }
    const beside = await answerTo({ rawUsage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 22, ...details } })
    const within = await answerTo({ rawUsage: { prompt_tokens: 10, completion_tokens: 9, total_tokens: 19, ...details } })
    expect([beside.usage.output, within.usage.output]).toEqual([12, 9])
  })

  test('is that of the last chunk that tells any', async () => {
    const usage = (output: number) => ({ choices: [], usage: { prompt_tokens: 8, completion_tokens: output } })
    const attempt = await answerTo({
      rawChunks: [sse({ ...usage(1), usage: null }, usage(1), delta('x'), usage(6), STOP, { choices: [], usage: null }, '[DONE]')],
    })
    expect(attempt.usage).toEqual({ inputFresh: 8, inputCached: 0, output: 6, estimated: false })
  })
})

describe('cost', () => {
  test('that is told after the tokens leaves them in force', async () => {
    const usage = (members: object) => ({ choices: [], usage: members })
    const told = [usage({ prompt_tokens: 8, completion_tokens: 2 }), usage({ cost: 0.5 })]
    const attempt = await answerTo({ rawChunks: [sse(delta('x'), STOP, ...told, '[DONE]')] })
    expect(attempt).toMatchObject({ costUsd: '0.5', usage: { inputFresh: 8, output: 2, estimated: false } })
  })

  test.each([
    [0.0000123, '0.0000123'],
    [1e-7, '0.0000001'],
    [0, '0'],
    [0.014, '0.014'],
  ])('%s USD is told as an exact decimal', async (cost, told) => {
    expect((await answerTo({ cost })).costUsd).toBe(told)
  })

  test.each([[-0.01], ['0.01'], [1e300], [null]])('of %s is none', async cost => {
    expect((await answerTo({ rawUsage: { prompt_tokens: 1, completion_tokens: 1, cost } })).costUsd).toBeNull()
  })
})

describe('a provider that refuses', () => {
  test('with 429 and Retry-After in seconds says how long to wait', async () => {
    const attempt = await answerTo({ status: 429, headers: { 'retry-after': '3' } })
    expect(attempt).toMatchObject({
      status: 'rate_limited',
      reached: true,
      failure: { code: 'provider_error', retryable: true, retryAfterMs: 3000 },
    })
    expect(attempt.usage).toEqual({ inputFresh: 0, inputCached: 0, output: 0, estimated: false })
  })

  test('with 429 and a date says how long to wait', async () => {
    const attempt = await answerTo({ status: 429, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } })
    expect(attempt.failure?.retryAfterMs).toBeGreaterThan(30_000)
    expect(attempt.failure?.retryAfterMs).toBeLessThanOrEqual(60_000)
  })

  test.each([
    [429, 'rate_limited', 'provider_error', true],
    [500, 'error', 'provider_error', true],
    [529, 'error', 'provider_error', true],
    [408, 'timeout', 'provider_timeout', true],
    [504, 'timeout', 'provider_timeout', true],
    [400, 'error', 'provider_error', false],
    [401, 'error', 'provider_error', false],
    [404, 'error', 'provider_error', false],
  ] as const)('with %i is of status %s', async (status, told, code, retryable) => {
    const attempt = await answerTo({ status })
    expect(attempt).toMatchObject({ status: told, reached: true, text: '', failure: { code, retryable, retryAfterMs: null } })
    expect(attempt.failure?.message).toContain(String(status))
  })

  test('is quoted in one line of at most 200 characters, without our key', async () => {
    const message = `Bad key ${API_KEY}\nand sk-other-123456 and Bearer abc.def ${'z'.repeat(5000)}`
    const { failure } = await answerTo({ status: 401, jsonBody: { error: { message } } })
    expect(failure?.message).toMatch(/^The model provider answered 401: Bad key \[key\] and \[key\] and \[key\] z+$/)
    expect(failure?.message.length).toBeLessThanOrEqual(240)
  })

  test.each([
    ['a short message', 'cannot parse Where is Bo?'],
    ['a part of a long one', 'near "answer to my private quest"'],
  ])('is not quoted when it quotes %s', async (_name, message) => {
    const messages: ModelRequest['messages'] = [...request().messages, { role: 'user', content: ' Where is Bo? ' }]
    const { failure } = await answerTo({ status: 400, jsonBody: { error: { message } } }, request({ messages }))
    expect(failure?.message).toBe('The model provider answered 400: (its message quotes the request)')
  })

  test('with a page or an endless body instead of JSON is named by its status alone', async () => {
    const { failure } = await answerTo({ status: 502, jsonBody: `<html>${'x'.repeat(1_000_000)}` })
    expect(failure).toMatchObject({ message: 'The model provider answered 502', retryable: true })
  })

  test('after a 200, by an error in the stream, keeps the text and is not tried again', async () => {
    const attempt = await answerTo({ errorEventAfter: 1, errorEvent: { code: 502, message: 'Upstream gone' } })
    expect(attempt).toMatchObject({
      status: 'error',
      text: 'Hello',
      failure: { message: 'The model provider answered 502: Upstream gone', retryable: false },
    })
    expect(attempt.usage).toMatchObject({ output: 2, estimated: true })
  })

  test('after a 200, by an error of code 429 before the first token, may be tried again', async () => {
    const attempt = await answerTo({ errorEventAfter: 0, errorEvent: { code: 429, message: 'Slow down' } })
    expect(attempt).toMatchObject({ status: 'rate_limited', failure: { retryable: true } })
    expect(attempt.usage).toEqual({ inputFresh: 0, inputCached: 0, output: 0, estimated: false })
  })

  test('by an error member without a code, or by a finish reason, is an error', async () => {
    expect(await answerTo({ errorEventAfter: 1, errorEvent: { message: 'Overloaded', type: 'server_error' } })).toMatchObject({
      status: 'error',
      text: 'Hello',
    })
    expect(await answerTo({ finish: 'error' })).toMatchObject({ status: 'error', text: 'Hello world' })
    expect(await answerTo({ jsonBody: { error: { code: 403, message: 'Not yours' } } })).toMatchObject({
      status: 'error',
      failure: { message: 'The model provider answered 403: Not yours', retryable: false },
    })
  })
})

describe('a provider that breaks', () => {
  test('by refusing the connection was never reached and may be tried again', async () => {
    const attempt = await ask(connect({ baseUrl: `http://127.0.0.1:${await unusedPort()}/v1` }))
    expect(attempt).toMatchObject({ status: 'error', reached: false, failure: { code: 'provider_error', retryable: true } })
    expect(attempt.failure?.message).toContain('ECONNREFUSED')
    expect(attempt.usage).toEqual({ inputFresh: 0, inputCached: 0, output: 0, estimated: false })
  })

  test('by closing before it answers was not reached and may be tried again', async () => {
    const server = createServer(socket => socket.on('data', () => socket.destroy()).on('error', () => {}))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const attempt = await ask(connect({ baseUrl: `http://127.0.0.1:${port}` }))
    expect(attempt).toMatchObject({ status: 'error', reached: false, failure: { retryable: true } })
    await new Promise(resolve => server.close(resolve))
  })

  test('by never finishing the connection ends at the connect timeout, was not reached and may be tried again', async () => {
    const silent = createServer()
    await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const provider = connect({ baseUrl: `https://127.0.0.1:${port}/v1`, timeouts: { ...PATIENT, connectMs: 200 } })
    expect(await ask(provider)).toMatchObject({ status: 'timeout', reached: false, failure: { code: 'provider_timeout', retryable: true } })
    silent.close()
  })

  test('by never answering ends at the first-token timeout', async () => {
    endpoint.reply({ delayBeforeHeadersMs: Number.POSITIVE_INFINITY })
    const attempt = await ask(impatient({ firstTokenMs: 200 }))
    expect(attempt).toMatchObject({ status: 'timeout', reached: false, failure: { code: 'provider_timeout', retryable: false } })
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 5_000)
  })

  test('by answering with nothing but comments and thoughts ends at the first-token timeout', async () => {
    const thought = { choices: [{ delta: { reasoning: 'hm' } }] }
    endpoint.reply({ rawChunks: Array.from({ length: 400 }, () => `: PROCESSING\n\n${sse(thought)}`), betweenMs: 20 })
    const attempt = await ask(impatient({ firstTokenMs: 300 }))
    expect(attempt).toMatchObject({ status: 'timeout', reached: true, text: '', timeToFirstTokenMs: null })
    expect(attempt.failure?.message).toContain('first token')
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 5_000)
  })

  test('by falling silent in the middle ends at the idle timeout and keeps the text', async () => {
    endpoint.reply({ hangAfter: 1 })
    const attempt = await ask(impatient({ idleMs: 200 }))
    expect(attempt).toMatchObject({
      status: 'timeout',
      reached: true,
      text: 'Hello',
      failure: { code: 'provider_timeout', retryable: false },
    })
    expect(attempt.usage.estimated).toBe(true)
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 5_000)
  })

  test('by sending only comments in the middle ends at the idle timeout', async () => {
    endpoint.reply({ rawChunks: [sse(delta('Hello')), ...Array.from({ length: 400 }, () => ': keep-alive\n\n')], betweenMs: 20 })
    expect(await ask(impatient({ idleMs: 300 }))).toMatchObject({ status: 'timeout', text: 'Hello' })
  })

  test('a slow answer whose pauses are each within the idle timeout runs to its end', async () => {
    endpoint.reply({ chunks: Array.from({ length: 12 }, (_, word) => `w${word} `), betweenMs: 100 })
    expect(await ask(impatient({ idleMs: 900 }))).toMatchObject({ status: 'success', finish: 'stop' })
  })

  test.each([
    ['before the first token', 0, ''],
    ['in the middle', 1, 'Hello'],
  ])('by cutting the connection %s is an error that keeps the text', async (_name, cutAfter, text) => {
    const attempt = await answerTo({ cutAfter })
    expect(attempt).toMatchObject({
      status: 'error',
      reached: true,
      text,
      finish: null,
      failure: { code: 'provider_error', retryable: false },
    })
    expect(attempt.usage.estimated).toBe(text !== '')
  })

  test('by ending in order without a finish reason and without [DONE] was cut', async () => {
    expect(await answerTo({ rawChunks: [sse(delta('Hel'))] })).toMatchObject({ status: 'error', text: 'Hel' })
  })

  test.each([
    ['garbage in a data line', 'data: {"choices": [garb\n\n'],
    ['JSON that is no object', 'data: 7\n\n'],
  ])('by %s is an error that keeps the text', async (_name, line) => {
    const attempt = await answerTo({ rawChunks: [sse(delta('Hello')), line, sse(delta(' again'), STOP)] })
    expect(attempt).toMatchObject({ status: 'error', text: 'Hello', failure: { retryable: false } })
  })

  test('by garbage is left at once, and what it still sent in the same read is not looked at', async () => {
    const attempt = await answerTo({ rawChunks: [`${sse(delta('Hello'))}data: {\n\n${sse(delta(' again'), STOP)}`], hangAfter: 1 })
    expect(attempt).toMatchObject({ status: 'error', text: 'Hello', finish: null })
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 4_000)
  })

  test('by events without data does no harm', async () => {
    expect(await answerTo({ rawChunks: [`data:\n\n${sse(delta('fine'), STOP)}data: \n\n`] })).toMatchObject({
      status: 'success',
      text: 'fine',
    })
  })

  test('by members of the wrong kind does no harm', async () => {
    const odd = [
      { choices: 'none' },
      { choices: [null] },
      { choices: [{ delta: 3 }] },
      { choices: [{ delta: { content: 5, tool_calls: 'x' } }] },
      { id: 9, model: [] },
    ]
    expect(await answerTo({ rawChunks: [sse(...odd, delta('fine'), STOP, '[DONE]')] })).toMatchObject({ status: 'success', text: 'fine' })
  })

  test.each([
    ['a line', () => Array.from({ length: 40 }, (_, part) => `${part === 0 ? 'data: ' : ''}${'x'.repeat(60_000)}`)],
    ['a stream', () => Array.from({ length: 400 }, () => `: ${'x'.repeat(60_000)}\n\n`)],
  ])('by %s without end is ended by us', async (_name, rawChunks) => {
    const attempt = await answerTo({ rawChunks: [sse(delta('Hello')), ...rawChunks()], betweenMs: 0 })
    expect(attempt).toMatchObject({ status: 'error', text: 'Hello' })
    expect(attempt.failure?.message).toContain('without')
  })

  test('by a plain JSON answer without choices or beyond all measure is an error', async () => {
    expect(await answerTo({ jsonBody: { hello: 'there' } })).toMatchObject({ status: 'error', reached: true })
    expect(await answerTo({ jsonBody: { choices: [{ message: { content: 'x'.repeat(2_000_000) } }] } })).toMatchObject({
      status: 'error',
      text: '',
    })
  })
})

describe('an abort', () => {
  test('in the middle closes the socket within a second and keeps the text', async () => {
    endpoint.reply({ hangAfter: 1 })
    const cancel = new AbortController()
    const pieces: string[] = []
    const running = connect().attempt(request(), piece => pieces.push(piece), cancel.signal)
    await vi.waitFor(() => expect(pieces).toEqual(['Hello']), 5_000)
    const abortedAt = Date.now()
    cancel.abort()
    expect(await running).toMatchObject({
      status: 'cancelled',
      reached: true,
      text: 'Hello',
      failure: null,
      usage: { output: 2, estimated: true },
    })
    await vi.waitFor(() => expect(endpoint.requests[0]?.closedEarlyAt).not.toBeNull(), 5_000)
    expect(endpoint.requests[0]!.closedEarlyAt! - abortedAt).toBeLessThan(1_000)
  })

  test('from within the listener is heard, and no text follows it', async () => {
    endpoint.reply({ chunks: ['a', 'b', 'c', 'd'], betweenMs: 60 })
    const cancel = new AbortController()
    const attempt = await connect().attempt(request(), () => cancel.abort(), cancel.signal)
    expect(attempt).toMatchObject({ status: 'cancelled', text: 'a' })
  })

  test('keeps usage that was told before it', async () => {
    endpoint.reply({
      rawChunks: [sse({ ...delta('Hello'), usage: { prompt_tokens: 9, completion_tokens: 1 } }), ': wait\n\n'],
      betweenMs: 30_000,
    })
    const cancel = new AbortController()
    const attempt = await connect().attempt(request(), () => cancel.abort(), cancel.signal)
    expect(attempt.usage).toEqual({ inputFresh: 9, inputCached: 0, output: 1, estimated: false })
  })

  test('before the answer costs nothing, and one before the start asks nobody', async () => {
    endpoint.reply({ delayBeforeHeadersMs: Number.POSITIVE_INFINITY })
    const cancel = new AbortController()
    const running = ask(connect(), request(), cancel.signal)
    await vi.waitFor(() => expect(endpoint.requests).toHaveLength(1), 5_000)
    cancel.abort()
    expect(await running).toMatchObject({ status: 'cancelled', reached: false, usage: { inputFresh: 0, output: 0, estimated: false } })
    expect(await ask(connect(), request(), AbortSignal.abort())).toMatchObject({ status: 'cancelled', reached: false })
    expect(endpoint.requests).toHaveLength(1)
  })

  test('leaves nothing listening, and neither does any other end', async () => {
    const cancel = new AbortController()
    for (const script of [{}, { status: 500 }, { cutAfter: 1 }, { garbageAfter: 0 }]) {
      endpoint.reply(script)
      await ask(connect(), request(), cancel.signal)
    }
    expect(getEventListeners(cancel.signal, 'abort')).toHaveLength(0)
  })
})

describe('a listener that throws', () => {
  test('does not make the attempt reject', async () => {
    const attempt = await connect().attempt(
      request(),
      () => {
        throw new Error('no room')
      },
      new AbortController().signal,
    )
    expect(attempt).toMatchObject({ status: 'error', reached: true })
  })
})

describe('a request', () => {
  test('says who asks and why in its headers', async () => {
    await ask(connect())
    expect(endpoint.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'x-trace-id': 'trace-1',
      'x-pantheon-turn': 'turn-1',
      'x-pantheon-purpose': 'agent',
      'x-pantheon-agent': 'ada',
    })
  })

  test('of a manager names no agent, and one without a key sends no authorisation', async () => {
    await ask(connect({ apiKey: null }), request({ purpose: 'manager_routing', agentKey: null }))
    expect(endpoint.requests[0]).toMatchObject({ purpose: 'manager_routing', agentKey: null })
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('x-pantheon-agent')
  })

  test('asks OpenRouter for usage and cost, and others for usage', async () => {
    await ask(connect({ flavour: 'openrouter' }))
    await ask(connect({ flavour: 'openai' }))
    const [openrouter, openai] = endpoint.requests.map(recorded => recorded.body)
    expect(openrouter).toEqual({
      model: 'vendor/model-a',
      messages: request().messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 300,
      usage: { include: true },
    })
    expect(openai).toEqual({ ...openrouter, usage: undefined })
  })

  test('to OpenAI itself names the output limit as its reasoning models want it', () => {
    const limits = ['api.openai.com', 'localhost:11434'].map(host => JSON.parse(requestBody(request(), 'openai', host)))
    expect(limits[0]).toMatchObject({ max_completion_tokens: 300 })
    expect(limits[0]).not.toHaveProperty('max_tokens')
    expect(limits[1]).toMatchObject({ max_tokens: 300 })
  })

  test('carries tools, at most four stop sequences, the JSON format and the trace of tool calls', async () => {
    const tool = { name: 'search', description: 'Searches.', parameters: { type: 'object', properties: {} } }
    const messages: ModelRequest['messages'] = [
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'search', arguments: '' }] },
      { role: 'tool', toolCallId: 'c1', content: 'found' },
    ]
    await ask(connect(), request({ tools: [tool], stop: ['\nA:', '\nB:', '\nC:', '\nD:', '\nE:'], json: true, messages }))
    expect(endpoint.requests[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: tool }],
      stop: ['\nA:', '\nB:', '\nC:', '\nD:'],
      response_format: { type: 'json_object' },
      messages: [
        { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'search', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'found' },
      ],
    })
  })

  test('to a base URL with a slash at its end goes to the same place', async () => {
    await ask(connect({ baseUrl: `${endpoint.url}/` }))
    expect(endpoint.requests[0]?.path).toBe('/v1/chat/completions')
  })
})

/** A port nobody listens on: taken once and given back. */
async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
