import { StringDecoder } from 'node:string_decoder'
import { setTimeout as sleep } from 'node:timers/promises'
import { utf8Bytes } from '../domain/token-estimate.ts'
import { type DemoAnswer, demoAnswer } from './demo-answer.ts'
import type { Attempt, AttemptFailure, ModelProvider, ModelRequest, ToolCall, Usage } from './model.ts'
import { callBytes, requestBytes } from './usage.ts'

export interface DemoModelOptions {
  /** Between two pieces of an answer. */
  tokenDelayMs?: number
}

const DEMO_PROVIDER_MODEL = 'pantheon-demo'

const DEFAULT_TOKEN_DELAY_MS = 15
/** Five words, or what stands in their place in JSON. */
const PIECE = /(?:\S+\s*){1,5}|\s+/g

/** The demo model's token is four bytes of UTF-8, rounded up: offline, the same everywhere, near to what real models count. */
const TOKEN_BYTES = 4
const tokensOf = (bytes: number): number => Math.ceil(bytes / TOKEN_BYTES)

/** The built-in model: deterministic, offline, free, and marked as simulated in everything that a person reads. */
export function createDemoModel({ tokenDelayMs = DEFAULT_TOKEN_DELAY_MS }: DemoModelOptions = {}): ModelProvider {
  return {
    async attempt(request, onText, signal) {
      const startedAt = performance.now()
      const answer = withinLimits(demoAnswer(request), request)
      const saying = createSaying(onText)
      const end = await sayAll(answer, saying, signal, tokenDelayMs)
      return account(request, answer, saying, end, startedAt)
    },
  }
}

/** An answer as far as the request lets it go. */
interface LimitedAnswer extends DemoAnswer {
  cut: boolean
}

function withinLimits({ text, toolCalls }: DemoAnswer, { maxTokens, stop }: ModelRequest): LimitedAnswer {
  const stopped = stop.reduce((rest, sequence) => (sequence === '' ? rest : (rest.split(sequence, 1)[0] ?? '')), text)
  const bytes = Buffer.from(stopped)
  const limited = new StringDecoder('utf8').write(bytes.subarray(0, maxTokens * TOKEN_BYTES))
  return { text: limited, toolCalls, cut: limited !== stopped }
}

/** What was said so far. */
interface Saying {
  text: string
  firstTokenAt: number | null
  say(piece: string): void
}

function createSaying(onText: (text: string) => void): Saying {
  const saying: Saying = {
    text: '',
    firstTokenAt: null,
    say(piece) {
      saying.firstTokenAt ??= performance.now()
      if (piece === '') return
      saying.text += piece
      onText(piece)
    },
  }
  return saying
}

type SayingEnd = 'whole' | 'cancelled' | 'broken'

/** Piece by piece; a tool call is a piece without text. */
async function sayAll({ text }: DemoAnswer, saying: Saying, signal: AbortSignal, tokenDelayMs: number): Promise<SayingEnd> {
  try {
    for (const piece of text.match(PIECE) ?? ['']) {
      await sleep(tokenDelayMs, undefined, { signal })
      saying.say(piece)
    }
    return 'whole'
  } catch {
    // Only the abort ends a pause; anything else was thrown by whoever listens.
    return signal.aborted ? 'cancelled' : 'broken'
  }
}

function account(request: ModelRequest, { toolCalls, cut }: LimitedAnswer, saying: Saying, end: SayingEnd, startedAt: number): Attempt {
  const told = end === 'whole' ? toolCalls : []
  return {
    status: end === 'whole' ? 'success' : end === 'cancelled' ? 'cancelled' : 'error',
    reached: saying.firstTokenAt !== null,
    text: saying.text,
    toolCalls: told,
    usage: usageOf(request, saying, told),
    costUsd: '0',
    providerModel: DEMO_PROVIDER_MODEL,
    providerRequestId: null,
    latencyMs: Math.round(performance.now() - startedAt),
    timeToFirstTokenMs: saying.firstTokenAt === null ? null : Math.round(saying.firstTokenAt - startedAt),
    finish: end !== 'whole' ? null : cut ? 'length' : told.length > 0 ? 'tool_calls' : 'stop',
    failure: end === 'broken' ? LISTENER_BROKE : null,
  }
}

const LISTENER_BROKE: AttemptFailure = {
  code: 'provider_error',
  message: 'The demo model was left in the middle of its answer.',
  retryable: false,
  retryAfterMs: null,
}

/** Told, never estimated; an answer that never began has used nothing. */
function usageOf(request: ModelRequest, saying: Saying, toolCalls: ToolCall[]): Usage {
  if (saying.firstTokenAt === null) return { inputFresh: 0, inputCached: 0, output: 0, estimated: false }
  return {
    inputFresh: tokensOf(requestBytes(request)),
    inputCached: 0,
    output: tokensOf(utf8Bytes(saying.text) + callBytes(toolCalls)),
    estimated: false,
  }
}
