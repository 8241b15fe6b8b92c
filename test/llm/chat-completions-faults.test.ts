import { getEventListeners } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { ModelRequest } from '../../server/llm/model.ts'
import { createOutbound } from '../../server/outbound/outbound.ts'
import { API_KEY, answerTo, ask, connect, delta, endpoint, impatient, request, STOP, sse } from './provider-trial.ts'

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
    const outbound = createOutbound({ trustedOrigins: [], allowPrivate: true, connectMs: 200 })
    const provider = connect({ baseUrl: `https://127.0.0.1:${port}/v1`, outbound })
    expect(await ask(provider)).toMatchObject({ status: 'timeout', reached: false, failure: { code: 'provider_timeout', retryable: true } })
    await outbound.close()
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

/** A port nobody listens on: taken once and given back. */
async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
