import { v4 as newKey } from 'uuid'

export interface RequestKey {
  /** The idempotency key of a request: the same for the same words until they are done, another one for others. */
  for(request: object): string
  /** What was asked is done: asking it again is another request. */
  done(): void
}

export function createRequestKey(): RequestKey {
  let kept: { words: string; key: string } | null = null
  return {
    for(request) {
      const words = JSON.stringify(request)
      if (kept?.words !== words) kept = { words, key: newKey() }
      return kept.key
    },
    done() {
      kept = null
    },
  }
}
