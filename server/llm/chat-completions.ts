import type { Dispatcher } from 'undici'
import type { Outbound } from '../outbound/outbound.ts'
import { type AttemptGuard, guardAttempt } from './attempt-guard.ts'
import { type ChatAnswer, createChatAnswer, MAXIMUM_JSON_CHARACTERS } from './chat-completions-answer.ts'
import { type ChatCompletionsFlavour, requestBody, requestHeaders } from './chat-completions-request.ts'
import type { Attempt, ModelProvider, ModelRequest } from './model.ts'
import { brokenAnswer, type ProviderFailure, refusedBy, retryAfter, toldFailure, tooSlow, unreachable } from './provider-failure.ts'
import { errorIn, providerWords } from './provider-words.ts'
import { readBody } from './response-body.ts'
import { settleUsage } from './usage.ts'

// The model hot path: the chat-completions wire format over undici and eventsource-parser. Measured, CPU per streamed chunk on one core:
// 6 µs here, 19-26 µs through the AI SDK's provider level, 39-53 µs through its streamText.

export interface ChatCompletionsOptions {
  /** Up to and without `/chat/completions`. */
  baseUrl: string
  /** Null for servers that ask for none. */
  apiKey: string | null
  flavour: ChatCompletionsFlavour
  outbound: Pick<Outbound, 'request'>
  timeouts: ProviderTimeouts
}

export interface ProviderTimeouts {
  /** From the start of the attempt to the first text or tool call. */
  firstTokenMs: number
  /** Between two events once the answer has begun. */
  idleMs: number
}

/** After `[DONE]` the body's end comes at once; one that does not come is not worth waiting for. */
const BODY_END_MS = 250
const MAXIMUM_ERROR_CHARACTERS = 64 * 1024

/** Attempts at one endpoint; no retries, because each attempt that is answered is a call of its own. */
export function createChatCompletions(options: ChatCompletionsOptions): ModelProvider {
  const endpoint = new URL(`${options.baseUrl.replace(/\/+$/, '')}/chat/completions`)
  const line: ProviderLine = { ...options, endpoint }
  return { attempt: (request, onText, signal) => attempt(line, request, onText, signal) }
}

type ProviderLine = ChatCompletionsOptions & { endpoint: URL }

interface Exchange {
  /** False when no answer was seen at all. */
  reached: boolean
  failure: ProviderFailure | null
}

async function attempt(line: ProviderLine, request: ModelRequest, onText: (text: string) => void, signal: AbortSignal): Promise<Attempt> {
  const startedAt = performance.now()
  const guard = guardAttempt(signal)
  const answer = createChatAnswer(request.requestId, onText)
  try {
    guard.allow(line.timeouts.firstTokenMs)
    return account(request, startedAt, answer, guard, await exchange(line, request, answer, guard))
  } catch (error) {
    // Nothing of the provider's doing ends here: its faults are values above. A listener that throws must still not lose the account.
    const failure = brokenAnswer(`was left in the middle of its answer (${error instanceof Error ? error.name : typeof error}).`)
    return account(request, startedAt, answer, guard, { reached: true, failure })
  } finally {
    guard.release()
  }
}

async function exchange(line: ProviderLine, request: ModelRequest, answer: ChatAnswer, guard: AttemptGuard): Promise<Exchange> {
  const response = await openResponse(line, request, guard).catch(unreachable)
  if (!('body' in response)) return { reached: false, failure: guard.end === 'too_slow' ? lateFailure(line, answer) : response }
  if (response.statusCode < 200 || response.statusCode > 299) return { reached: true, failure: await refusal(line, request, response) }
  return { reached: true, failure: await readAnswer(line, request, response, answer, guard) }
}

const openResponse = async (line: ProviderLine, request: ModelRequest, guard: AttemptGuard): Promise<Dispatcher.ResponseData> =>
  line.outbound.request(line.endpoint, {
    method: 'POST',
    headers: requestHeaders(request, line.apiKey),
    body: requestBody(request, line.flavour, line.endpoint.host),
    signal: guard.signal,
  })

async function refusal(
  line: ProviderLine,
  request: ModelRequest,
  { statusCode, headers, body }: Dispatcher.ResponseData,
): Promise<ProviderFailure> {
  let text = ''
  await readBody(body, read => {
    text += read
    return text.length < MAXIMUM_ERROR_CHARACTERS
  })
  return refusedBy(statusCode, providerWords(errorIn(text), request, line.apiKey), retryAfter(headers['retry-after'], Date.now()))
}

async function readAnswer(
  line: ProviderLine,
  request: ModelRequest,
  { headers, body }: Dispatcher.ResponseData,
  answer: ChatAnswer,
  guard: AttemptGuard,
): Promise<ProviderFailure | null> {
  const json = /^application\/json\b/i.test(String(headers['content-type']))
  const bodyEnd = json ? await readWhole(body, answer) : await readBody(body, read => readEvents(line, read, answer, guard))
  const { defect, done, finish } = answer.signs
  if (defect?.kind === 'told') return toldFailure(defect.error, providerWords(defect.error, request, line.apiKey))
  if (defect) return brokenAnswer(`sent ${defect.reason}.`)
  if (bodyEnd === 'too_long') return brokenAnswer('sent an answer without end.')
  if (done || finish !== null) return null
  if (guard.end === 'too_slow') return lateFailure(line, answer)
  return brokenAnswer('closed the connection in the middle of its answer.')
}

/** One read of the stream; false when nothing more is wanted. */
function readEvents({ timeouts }: ProviderLine, read: string, answer: ChatAnswer, guard: AttemptGuard): boolean {
  const hadBegun = answer.signs.firstTokenAt !== null
  const hadEvents = answer.readStream(read)
  const { defect, done, firstTokenAt } = answer.signs
  if (defect) return false
  if (done) guard.allow(BODY_END_MS)
  else if (hadBegun && hadEvents) guard.renew()
  else if (firstTokenAt !== null && !hadBegun) guard.allow(timeouts.idleMs)
  return true
}

async function readWhole(body: Dispatcher.ResponseData['body'], answer: ChatAnswer) {
  let text = ''
  const bodyEnd = await readBody(body, read => {
    text += read
    return text.length <= MAXIMUM_JSON_CHARACTERS
  })
  if (bodyEnd === 'left') return 'too_long'
  if (bodyEnd === 'ended') answer.readJson(text)
  return bodyEnd
}

function lateFailure({ timeouts }: ProviderLine, answer: ChatAnswer): ProviderFailure {
  return answer.signs.firstTokenAt === null ? tooSlow('first token', timeouts.firstTokenMs) : tooSlow('next token', timeouts.idleMs)
}

function account(
  request: ModelRequest,
  startedAt: number,
  answer: ChatAnswer,
  guard: AttemptGuard,
  { reached, failure }: Exchange,
): Attempt {
  const { told, providerModel, providerRequestId, finish, firstTokenAt } = answer.signs
  const produced = answer.produced()
  const cancelled = guard.end === 'cancelled'
  return {
    status: cancelled ? 'cancelled' : (failure?.status ?? 'success'),
    reached,
    text: produced.text,
    toolCalls: produced.toolCalls,
    usage: settleUsage(told, request, produced, !cancelled && failure === null),
    costUsd: told.costUsd,
    providerModel: providerModel ?? request.providerModel,
    providerRequestId,
    latencyMs: Math.round(performance.now() - startedAt),
    timeToFirstTokenMs: firstTokenAt === null ? null : Math.round(firstTokenAt - startedAt),
    // Some servers end an answer that asks for tools like any other.
    finish: finish === 'stop' && produced.toolCalls.length > 0 ? 'tool_calls' : finish,
    failure: cancelled || failure === null ? null : attemptFailure(failure, firstTokenAt !== null),
  }
}

const attemptFailure = ({ code, message, retryable, retryAfterMs }: ProviderFailure, begun: boolean) => ({
  code,
  message,
  retryable: retryable && !begun,
  retryAfterMs,
})
