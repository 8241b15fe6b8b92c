// Sizes of text in tokens without a tokenizer. By bytes, not characters, so that Chinese or emoji are not counted short.

export const utf8Bytes = (text: string): number => Buffer.byteLength(text)

/** The longest token of the vocabularies we count with (llm/tokens.ts) is 128 bytes of white space. */
const LONGEST_TOKEN_BYTES = 128

/** ceil(chars / 4 × 1.25), with bytes for characters (turns.md, Context budget). */
const TOKENS_PER_BYTE = 5 / 16

/** What any tokenizer that falls back to bytes must stay within. */
export const tokenBound = (bytes: number): { atLeast: number; atMost: number } => ({
  atLeast: Math.ceil(bytes / LONGEST_TOKEN_BYTES),
  atMost: bytes,
})

/** The estimate for families without a tokenizer, and wherever counting could decide nothing. */
export const estimateTokens = (bytes: number): number => Math.ceil(bytes * TOKENS_PER_BYTE)

/** The most bytes whose estimate is within `tokens`. */
export const bytesWithin = (tokens: number): number => Math.max(0, Math.floor(tokens / TOKENS_PER_BYTE))
