import { createParser } from 'eventsource-parser'
import { utf8Bytes } from '../domain/token-estimate.ts'
import { cleanText, createAnswerText } from './answer-text.ts'
import type { Attempt } from './model.ts'
import { createToolCallAssembly } from './tool-call-assembly.ts'
import { laterUsage, NOTHING_TOLD, type Produced, type ToldUsage, toldUsage } from './usage.ts'
import { isRecord } from './wire-value.ts'

/** One line of the stream, or a plain JSON answer, may be this long; no real one is, and an endless one must not fill the memory. */
export const MAXIMUM_JSON_CHARACTERS = 1024 * 1024

/** Model names and request ids are kept in rows; a longer one is garbage. */
const MAXIMUM_NAME_CHARACTERS = 200

/** Why an answer cannot go on: `told` is the provider's own `error` member, `unreadable` what came instead of the wire format. */
export type AnswerDefect = { kind: 'told'; error: unknown } | { kind: 'unreadable'; reason: string }

/** What was seen of one answer besides its text and its tool calls. */
export interface AnswerSigns {
  told: ToldUsage
  providerModel: string | null
  providerRequestId: string | null
  finish: Attempt['finish']
  defect: AnswerDefect | null
  /** When the first text or tool call came, by `performance.now()`. */
  firstTokenAt: number | null
  /** `[DONE]` was seen: nothing follows but the end of the body. */
  done: boolean
}

/** One answer in the chat-completions wire format, read piece by piece. */
export interface ChatAnswer {
  /** One decoded read of an event stream. Says whether an event was in it; comments, which gateways send to keep a line open, are none. */
  readStream(text: string): boolean
  /** A whole answer of a server that does not stream. */
  readJson(text: string): void
  readonly signs: Readonly<AnswerSigns>
  produced(): Produced
}

/** `onText` gets all text of one read at once; `requestId` is for the ids of tool calls that the provider gave none. */
export function createChatAnswer(requestId: string, onText: (text: string) => void): ChatAnswer {
  const text = createAnswerText(onText)
  const toolCalls = createToolCallAssembly(position => `call_${requestId.replaceAll('-', '')}_${position}`)
  const signs: AnswerSigns = {
    told: NOTHING_TOLD,
    providerModel: null,
    providerRequestId: null,
    finish: null,
    defect: null,
    firstTokenAt: null,
    done: false,
  }
  let events = 0
  let reasoningBytes = 0
  const parser = createParser({
    maxBufferSize: MAXIMUM_JSON_CHARACTERS,
    onEvent: event => {
      events += 1
      readData(event.data)
    },
    onError: error => {
      if (error.type === 'max-buffer-size-exceeded') unreadable('a line without an end')
    },
  })

  function unreadable(reason: string): void {
    signs.defect ??= { kind: 'unreadable', reason }
  }

  function readData(data: string): void {
    if (signs.done || signs.defect || data === '') return
    if (data === '[DONE]') signs.done = true
    else readPiece(data)
  }

  function readPiece(json: string): void {
    const piece = parsedJson(json)
    if (isRecord(piece)) readChunk(piece)
    else unreadable('something that is not the JSON of an answer')
  }

  function readChunk(chunk: Record<string, unknown>): void {
    signs.providerModel ??= nameOf(chunk.model)
    signs.providerRequestId ??= nameOf(chunk.id)
    if (chunk.usage) signs.told = laterUsage(signs.told, toldUsage(chunk.usage))
    const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined
    if (isRecord(choice)) readChoice(choice)
    if (chunk.error) signs.defect ??= { kind: 'told', error: chunk.error }
  }

  function readChoice(choice: Record<string, unknown>): void {
    const delta = choice.delta ?? choice.message
    if (isRecord(delta)) readDelta(delta)
    // OpenRouter ends a failed stream so, mostly with an `error` member beside it.
    if (choice.finish_reason === 'error' || choice.error) signs.defect ??= { kind: 'told', error: choice.error }
    else if (typeof choice.finish_reason === 'string') signs.finish = finishOf(choice.finish_reason)
  }

  function readDelta(delta: Record<string, unknown>): void {
    if (typeof delta.content === 'string' && delta.content !== '') {
      signs.firstTokenAt ??= performance.now()
      text.add(delta.content)
    }
    if (delta.tool_calls && toolCalls.add(delta.tool_calls)) signs.firstTokenAt ??= performance.now()
    const reasoning = delta.reasoning ?? delta.reasoning_content
    if (typeof reasoning === 'string') reasoningBytes += utf8Bytes(reasoning)
  }

  return {
    signs,
    readStream(decoded) {
      const before = events
      if (!signs.defect) parser.feed(decoded)
      text.flush()
      return events > before
    },
    readJson(json) {
      readPiece(json)
      if (signs.firstTokenAt === null && signs.finish === null) unreadable('JSON without an answer in it')
      signs.done = signs.defect === null
      text.flush()
    },
    produced: () => ({ text: text.text, toolCalls: toolCalls.calls(), reasoningBytes }),
  }
}

function parsedJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

const nameOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? cleanText(value.slice(0, MAXIMUM_NAME_CHARACTERS)) : null

function finishOf(reason: string): Attempt['finish'] {
  if (reason === 'stop' || reason === 'length') return reason
  return reason === 'tool_calls' || reason === 'function_call' ? 'tool_calls' : 'other'
}
