// How the bench's model endpoint answers. The rest of the bench sets it and knows by it what every answer must be.

/** One kind of answer: how long to the first token, how long between two, how many. */
export interface Pace {
  firstMs: number
  betweenMs: number
  tokens: number
  /** Tokens that leave in one write of the socket, as they do when a model is faster than the line. */
  perWrite: number
  /** Instead of `tokens` words: this text, in one token. */
  text?: string
}

/** By `X-Pantheon-Agent`, else by `X-Pantheon-Purpose`, else `default`. */
export type Script = { default: Pace } & Record<string, Pace>

/** When one call was answered, by the monotonic clock that all processes of a machine share; milliseconds. */
export interface AnsweredCall {
  purpose: string
  agentKey: string
  receivedAt: number
  firstTokenAt: number
  endedAt: number
}

export const tokenAt = (index: number): string => ` word${index % 100}`

export const answerText = (pace: Pace): string => pace.text ?? Array.from({ length: pace.tokens }, (_, index) => tokenAt(index)).join('')

/** Milliseconds of the clock that all processes of a machine share. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
