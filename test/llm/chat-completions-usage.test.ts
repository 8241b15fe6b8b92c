import { describe, expect, test } from 'vitest'
import { answerTo, delta, request, STOP, sse } from './provider-trial.ts'

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
