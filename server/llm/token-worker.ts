import { parentPort } from 'node:worker_threads'
import { slicesOf } from './text-slices.ts'
import type { CountAnswer, CountRequest, Encoding } from './tokens.ts'

// The thread that counts tokens: one request after another, each within its time.

/** Real text of a mebibyte takes 0.2 s; what takes longer was made to. */
const TIME_LIMIT_MS = 300
const CACHED_RUNS = 10_000
/** What looks like a control token inside a text is text. */
const AS_TEXT = { disallowedSpecial: new Set<string>() }

type CountTokens = (text: string) => number

const counters: Partial<Record<Encoding, Promise<CountTokens>>> = {}

const loaders: Record<Encoding, () => Promise<CountTokens>> = {
  async o200k_base() {
    const { countTokens, setMergeCacheSize } = await import('gpt-tokenizer/encoding/o200k_base')
    setMergeCacheSize(CACHED_RUNS)
    return text => countTokens(text, AS_TEXT)
  },
  async cl100k_base() {
    const { countTokens, setMergeCacheSize } = await import('gpt-tokenizer/encoding/cl100k_base')
    setMergeCacheSize(CACHED_RUNS)
    return text => countTokens(text, AS_TEXT)
  },
}

function countAll(texts: string[], countTokens: CountTokens): number[] | null {
  const deadline = performance.now() + TIME_LIMIT_MS
  const counts: number[] = []
  for (const text of texts) {
    let tokens = 0
    for (const slice of slicesOf(text)) {
      tokens += countTokens(slice)
      if (performance.now() > deadline) return null
    }
    counts.push(tokens)
  }
  return counts
}

parentPort?.on('message', async ({ id, encoding, texts }: CountRequest) => {
  counters[encoding] ??= loaders[encoding]()
  const answer: CountAnswer = { id, counts: countAll(texts, await counters[encoding]) }
  parentPort?.postMessage(answer)
})
