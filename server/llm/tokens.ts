import { Worker } from 'node:worker_threads'

// Counting tokens exactly, for the families whose tokenizer is at hand, and only near a border of the budget (domain/context-budget.ts, isNearBorder).
// gpt-tokenizer 4 counts 5 MB of English a second; loading it holds its thread for 250 ms and long runs without a boundary cost quadratic time,
// so it lives in a thread of its own, started by the first count. In this one the most that was seen was 17 ms.

export interface TokenCounter {
  /**
   * The tokens of each text for the family of `providerModel`. Null where no tokenizer is at hand for it or it could not answer in time: then the
   * estimate by bytes holds (domain/token-estimate.ts). Never rejects.
   */
  count(providerModel: string, texts: string[]): Promise<number[] | null>
  close(): Promise<void>
}

export type Encoding = 'o200k_base' | 'cl100k_base'

export interface CountRequest {
  id: number
  encoding: Encoding
  texts: string[]
}

export interface CountAnswer {
  id: number
  counts: number[] | null
}

/** A count stands before the first token of an answer; one that takes longer is not worth waiting for. */
const PATIENCE_MS = 1000

/** By the provider's name of the model, with or without the maker in front: `openai/gpt-oss-120b`, `gpt-4o-mini`, `gpt-oss:20b`. */
export function encodingOf(providerModel: string): Encoding | null {
  const name = providerModel.slice(providerModel.lastIndexOf('/') + 1).toLowerCase()
  if (/^(?:gpt-oss|gpt-5|gpt-4o|gpt-4\.[15]|chatgpt-4o|o[134])(?![a-z0-9])/.test(name)) return 'o200k_base'
  return /^gpt-(?:4|3\.5)(?![a-z0-9.])/.test(name) ? 'cl100k_base' : null
}

export function createTokenCounter(): TokenCounter {
  const waiting = new Map<number, (counts: number[] | null) => void>()
  let worker: Worker | null = null
  let closed = false
  let lastId = 0

  const settle = ({ id, counts }: CountAnswer) => {
    waiting.get(id)?.(counts)
    waiting.delete(id)
  }
  const forget = (gone: Worker) => {
    if (worker === gone) worker = null
    for (const id of [...waiting.keys()]) settle({ id, counts: null })
  }
  const start = (): Worker => {
    const started = new Worker(new URL('./token-worker.ts', import.meta.url))
    started.unref()
    started.on('message', settle)
    started.on('error', () => forget(started))
    started.on('exit', () => forget(started))
    return started
  }

  return {
    count(providerModel, texts) {
      const encoding = encodingOf(providerModel)
      if (encoding === null || closed) return Promise.resolve(null)
      worker ??= start()
      const id = ++lastId
      const request: CountRequest = { id, encoding, texts }
      return new Promise(resolve => {
        const patience = setTimeout(() => settle({ id, counts: null }), PATIENCE_MS)
        waiting.set(id, counts => {
          clearTimeout(patience)
          resolve(counts)
        })
        worker?.postMessage(request)
      })
    },
    async close() {
      closed = true
      await worker?.terminate()
    },
  }
}
