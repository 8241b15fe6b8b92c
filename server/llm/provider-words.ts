import type { ChatMessage, ModelRequest } from './model.ts'
import { isRecord } from './wire-value.ts'

// What a provider says about an error, made fit for people and logs: providers quote keys, and some quote the request.

const MAXIMUM_CHARACTERS = 200
/** So much of a message is searched for keys, so that none is cut in half at the end and missed. */
const SEARCHED_CHARACTERS = 1000

/** A quotation of the request is found by its pieces; any of 23 characters or more holds a whole one. */
const QUOTED_PIECE = 16
const QUOTED_STEP = 8
const SHORTEST_QUOTATION = 4

/** The error in the body of an error answer: its `error` member, else all of it. A body that is no JSON tells people nothing. */
export function errorIn(body: string): unknown {
  try {
    const answer: unknown = JSON.parse(body)
    const told: unknown = Array.isArray(answer) ? answer[0] : answer
    return isRecord(told) ? (told.error ?? told) : undefined
  } catch {
    return undefined
  }
}

/** One line of at most 200 characters without keys; a remark in its place when it quotes the request; nothing when there is none. */
export function providerWords(error: unknown, request: ModelRequest, apiKey: string | null): string {
  const message = isRecord(error) ? error.message : error
  if (typeof message !== 'string') return ''
  const line = withoutKeys(message.slice(0, SEARCHED_CHARACTERS), apiKey)
    .replace(/[\s\p{C}]+/gu, ' ')
    .trim()
    .slice(0, MAXIMUM_CHARACTERS)
    .toWellFormed()
  return request.messages.some(said => quotes(line, said)) ? '(its message quotes the request)' : line
}

const withoutKeys = (text: string, apiKey: string | null): string =>
  (apiKey ? text.replaceAll(apiKey, '[key]') : text).replace(/\b(?:(?:sk|pk|rk|gsk|xai)[-_]|AIza)[\w*.-]{4,}|\bBearer\s+\S+/g, '[key]')

function quotes(line: string, { content }: ChatMessage): boolean {
  const said = content.trim()
  if (said.length >= SHORTEST_QUOTATION && line.includes(said)) return true
  for (let from = 0; from + QUOTED_PIECE <= line.length; from += QUOTED_STEP) {
    if (said.includes(line.slice(from, from + QUOTED_PIECE))) return true
  }
  return false
}
