import { readFileSync } from 'node:fs'
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, describe, expect, it } from 'vitest'
import { slicesOf } from '../../server/llm/text-slices.ts'
import { createTokenCounter, encodingOf } from '../../server/llm/tokens.ts'

const counter = createTokenCounter()
afterAll(() => counter.close())

/** Waits out the start of the thread, however loaded the machine is. */
async function counted(model: string, texts: string[]): Promise<number[]> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const counts = await counter.count(model, texts)
    if (counts) return counts
  }
  throw new Error('The tokenizer never answered.')
}

describe('counting tokens', () => {
  it('gives the reference counts of the two encodings', async () => {
    expect(await counted('gpt-4o', ['hello world', 'tiktoken is great!', '', 'お誕生日おめでとう'])).toEqual([2, 6, 0, 8])
    expect(await counted('gpt-4', ['hello world', 'tiktoken is great!', 'お誕生日おめでとう'])).toEqual([2, 6, 9])
  })

  it('reads what looks like a control token as text', async () => {
    const [tokens] = await counted('gpt-4o', ['<|endoftext|>'])
    expect(tokens).toBeGreaterThan(1)
  })

  it('in slices comes within a hundredth of the whole', async () => {
    const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8').slice(0, 100_000)
    const [tokens] = await counted('gpt-4o', [text])
    const whole = countTokens(text, { disallowedSpecial: new Set() })
    expect(Math.abs(tokens! - whole) / whole).toBeLessThan(0.01)
  })

  it('is not tried for a family without a tokenizer', async () => {
    expect(await counter.count('deepseek/deepseek-chat-v3.1', ['hello'])).toBeNull()
  })

  it.each(['a', '我', '😀', '-', '\n', ' ', 'aB1', '我是'])('never holds the event loop, not even over a mebibyte of %j', async part => {
    let last = performance.now()
    let longest = 0
    const clock = setInterval(() => {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
    }, 5)
    const counts = await counter.count('gpt-4o', [part.repeat(2 ** 20 / Buffer.byteLength(part))])
    clearInterval(clock)
    expect(counts === null || counts[0]! > 1000).toBe(true)
    expect(longest).toBeLessThan(500)
  })

  it('goes on after a text that took too long', async () => {
    const random = Array.from({ length: 2 ** 20 }, (_, index) => String.fromCharCode(0x4e00 + ((index * 7919) % 20_000))).join('')
    await counter.count('gpt-4o', [random])
    expect(await counted('gpt-4o', ['hello world'])).toEqual([2])
  })

  it('ends with its owner', async () => {
    const own = createTokenCounter()
    const pending = own.count('gpt-4o', ['hello world'])
    await own.close()
    expect(await pending).toBeNull()
    expect(await own.count('gpt-4o', ['hello world'])).toBeNull()
  })
})

describe('the encoding of a model', () => {
  it.each([
    ['openai/gpt-oss-120b', 'o200k_base'],
    ['gpt-oss:20b', 'o200k_base'],
    ['gpt-4o-mini', 'o200k_base'],
    ['gpt-4.1', 'o200k_base'],
    ['openai/gpt-5.2', 'o200k_base'],
    ['o3-mini', 'o200k_base'],
    ['gpt-4', 'cl100k_base'],
    ['gpt-4-turbo', 'cl100k_base'],
    ['gpt-3.5-turbo', 'cl100k_base'],
    ['deepseek/deepseek-chat-v3.1', null],
    ['google/gemini-2.5-pro', null],
    ['meta-llama/llama-4-scout', null],
    ['o300', null],
    ['pantheon-demo', null],
  ])('%s is %s', (model, encoding) => {
    expect(encodingOf(model)).toBe(encoding)
  })
})

describe('slices', () => {
  it('join to the text, stay short and split no character', () => {
    for (const text of ['', 'x', 'word '.repeat(1000), 'a'.repeat(1000), `a${'😀'.repeat(1000)}`, ' '.repeat(1000), '我'.repeat(256)]) {
      const slices = [...slicesOf(text)]
      expect(slices.join('')).toBe(text)
      expect(slices.every(slice => slice.length <= 256 && slice.length > 0 && slice.isWellFormed())).toBe(true)
    }
    expect([...slicesOf('word '.repeat(100))].slice(1).every(slice => slice.startsWith(' '))).toBe(true)
  })
})
