import { bytesWithin, utf8Bytes } from './token-estimate.ts'

const MARK = '\n[… shortened to fit …]\n'
const MARK_BYTES = utf8Bytes(MARK)

/** Below this a shortened text says nothing any more, and would no longer hold the opening and the closing of its fence. */
const SHORTEST_TOKENS = 64

/** How much of what is kept stands before the mark. */
const HEAD_SHARE = 0.75

/**
 * `text` with a visible mark in place of its middle, so that its estimate (token-estimate.ts) is at most `tokens`; unchanged when it fits.
 * Beginning and end stay, so a fenced text keeps its fence, an answer its conclusion. Never splits a character.
 */
export function shortenToFit(text: string, tokens: number): string {
  const bytes = bytesWithin(tokens)
  if (utf8Bytes(text) <= bytes) return text
  const kept = Math.max(0, bytes - MARK_BYTES)
  const headBytes = Math.ceil(kept * HEAD_SHARE)
  return firstBytes(text, headBytes) + MARK + lastBytes(text, kept - headBytes)
}

/**
 * The size to shorten each of several texts to, so that together they are within `allowance` tokens: the longest give way first, the short stay whole.
 * Null when that would leave too little of them to be worth sending.
 */
export function sharedLimit(sizes: number[], allowance: number): number | null {
  let left = allowance
  const ascending = sizes.toSorted((a, b) => a - b)
  for (const [index, size] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index))
    if (size > share) return share < SHORTEST_TOKENS ? null : share
    left -= size
  }
  return allowance
}

const firstBytes = (text: string, bytes: number): string => text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(bytes)).read)

/** A UTF-8 byte of the form 10xxxxxx continues a character. */
function lastBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(bytes === 0 ? '' : text.slice(-bytes))
  let start = Math.max(0, encoded.length - bytes)
  while (start < encoded.length && (encoded[start]! & 0xc0) === 0x80) start++
  return encoded.toString('utf8', start)
}
