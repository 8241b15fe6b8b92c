import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

// A scripted OpenAI-compatible endpoint on a real socket: it answers what a test tells it to, and remembers what it was asked.

export interface WireMessage {
  role: string
  content: string | null
  tool_call_id?: string
  tool_calls?: { id: string; type: string; function: { name: string; arguments: string } }[]
}

export interface WireBody {
  model: string
  messages: WireMessage[]
  stream?: boolean
  stream_options?: { include_usage?: boolean }
  usage?: { include?: boolean }
  max_tokens?: number
  max_completion_tokens?: number
  tools?: { type: string; function: { name: string; description: string; parameters: unknown } }[]
  stop?: string[]
  response_format?: { type: string }
}

export interface RecordedRequest {
  path: string
  headers: IncomingMessage['headers']
  body: WireBody
  /** `X-Pantheon-Purpose` and `X-Pantheon-Agent`. */
  purpose: string | null
  agentKey: string | null
  /** Milliseconds, by `Date.now()`. */
  at: number
  /** When the client closed the connection before the answer was sent in full; null while it has not. */
  closedEarlyAt: number | null
  /** When the answer had been sent in full. */
  servedAt: number | null
}

export interface ScriptedToolCall {
  id: string
  name: string
  /** JSON text; as a list it is sent in these fragments. */
  arguments: string | string[]
}

/** What to answer. Everything has a default: status 200, "Hello world", usage 10 fresh, 0 cached, 5 output, no cost. */
export interface ModelScript {
  status?: number
  headers?: Record<string, string>
  /** `Infinity` never answers. */
  delayBeforeHeadersMs?: number
  /** Between the headers and the first piece of the answer. */
  firstTokenMs?: number
  betweenMs?: number
  /** The text, delta by delta. */
  chunks?: string[]
  toolCalls?: ScriptedToolCall[]
  /** Streamed before the text. */
  reasoning?: string[]
  /** Null: the provider tells nothing. */
  usage?: { fresh: number; cached?: number; output: number } | null
  /** The `usage` member exactly as given, instead of `usage` and `cost`. */
  rawUsage?: unknown
  /** USD, inside the usage, as OpenRouter tells it. */
  cost?: number
  finish?: string
  model?: string
  id?: string
  /** After that many chunks of text: the socket is destroyed, nothing more comes, a line is no JSON, an `error` member comes. */
  cutAfter?: number
  hangAfter?: number
  /** Ends the hanging: the rest follows. */
  hangUntil?: Promise<unknown>
  garbageAfter?: number
  errorEventAfter?: number
  errorEvent?: unknown
  /** A plain JSON answer instead of a stream; error statuses have one by default. */
  jsonBody?: unknown
  /** The stream's body exactly as given, one write each, `betweenMs` apart; `cutAfter` and `hangAfter` count these. */
  rawChunks?: (string | Uint8Array)[]
}

export type ModelReply = ModelScript | ((request: RecordedRequest) => ModelScript)

export interface ModelEndpoint {
  /** Base URL, ending in `/v1`. */
  url: string
  port: number
  requests: RecordedRequest[]
  /** What is answered from now on. */
  reply(reply: ModelReply): void
  close(): Promise<void>
}

export async function startModelEndpoint(first: ModelReply = {}): Promise<ModelEndpoint> {
  const requests: RecordedRequest[] = []
  let current = first
  const server = createServer(async (incoming, response) => {
    const request = await record(incoming)
    requests.push(request)
    const script = typeof current === 'function' ? current(request) : current
    await play(script, request, response, requests.length)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    port,
    requests,
    reply: reply => {
      current = reply
    },
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function record(incoming: IncomingMessage): Promise<RecordedRequest> {
  const at = Date.now()
  const parts: Buffer[] = []
  for await (const part of incoming) parts.push(part)
  const text = Buffer.concat(parts).toString()
  return {
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: text === '' ? { model: '', messages: [] } : JSON.parse(text),
    purpose: headerOf(incoming, 'x-pantheon-purpose'),
    agentKey: headerOf(incoming, 'x-pantheon-agent'),
    at,
    closedEarlyAt: null,
    servedAt: null,
  }
}

const headerOf = (incoming: IncomingMessage, name: string): string | null => {
  const value = incoming.headers[name]
  return typeof value === 'string' ? value : null
}

/** The client's leaving ends every pause of the script. */
async function play(script: ModelScript, request: RecordedRequest, response: ServerResponse, count: number): Promise<void> {
  const left = new AbortController()
  response.on('finish', () => {
    request.servedAt = Date.now()
  })
  response.on('close', () => {
    if (!response.writableFinished && !response.errored && !cut.has(response)) request.closedEarlyAt = Date.now()
    left.abort()
  })
  try {
    await pause(script.delayBeforeHeadersMs ?? 0, left.signal)
    if (script.jsonBody !== undefined || (script.status ?? 200) >= 400) answerJson(script, response)
    else await stream(script, request, response, left.signal, count)
  } catch (error) {
    if (!left.signal.aborted) throw error
  }
}

const cut = new WeakSet<ServerResponse>()

async function pause(milliseconds: number, left: AbortSignal): Promise<void> {
  if (milliseconds === 0) return
  await sleep(Math.min(milliseconds, 2 ** 31 - 1), undefined, { signal: left })
}

function answerJson(script: ModelScript, response: ServerResponse): void {
  const status = script.status ?? 200
  response.writeHead(status, { 'content-type': 'application/json', ...script.headers })
  response.end(JSON.stringify(script.jsonBody ?? { error: { code: status, message: `scripted failure ${status}` } }))
}

async function stream(
  script: ModelScript,
  request: RecordedRequest,
  response: ServerResponse,
  left: AbortSignal,
  count: number,
): Promise<void> {
  response.writeHead(script.status ?? 200, { 'content-type': 'text/event-stream', ...script.headers })
  response.flushHeaders()
  await pause(script.firstTokenMs ?? 0, left)
  for (const piece of script.rawChunks ? rawPieces(script, script.rawChunks) : pieces(script, request, count)) {
    if (piece === CUT) return cutOff(response)
    if (piece === HANG) await Promise.race([pause(Number.POSITIVE_INFINITY, left), ...(script.hangUntil ? [script.hangUntil] : [])])
    else response.write(piece)
    await pause(script.betweenMs ?? 0, left)
  }
  response.end()
}

function cutOff(response: ServerResponse): void {
  cut.add(response)
  // What was written must arrive before the connection ends.
  response.write('', () => response.destroy())
}

const CUT = '\0cut'
const HANG = '\0hang'

function* rawPieces({ cutAfter, hangAfter }: ModelScript, chunks: (string | Uint8Array)[]): Generator<string | Uint8Array> {
  for (let sent = 0; sent <= chunks.length; sent += 1) {
    if (cutAfter === sent) yield CUT
    if (hangAfter === sent) yield HANG
    const chunk = chunks[sent]
    if (chunk !== undefined) yield chunk
  }
}

function* pieces(script: ModelScript, request: RecordedRequest, count: number): Generator<string> {
  const event = (members: object): string => {
    const chunk = {
      id: script.id ?? `gen-${count}`,
      object: 'chat.completion.chunk',
      model: script.model ?? request.body.model,
      ...members,
    }
    return `data: ${JSON.stringify(chunk)}\n\n`
  }
  const delta = (told: object, finish_reason: string | null = null): string =>
    event({ choices: [{ index: 0, delta: told, finish_reason }] })
  const calls = script.toolCalls ?? []
  const chunks = script.chunks ?? (calls.length > 0 ? [] : ['Hello', ' world'])

  yield delta({ role: 'assistant', content: '' })
  for (const thought of script.reasoning ?? []) yield delta({ reasoning: thought })
  for (let sent = 0; sent <= chunks.length; sent += 1) {
    if (script.cutAfter === sent) yield CUT
    if (script.hangAfter === sent) yield HANG
    if (script.garbageAfter === sent) yield 'data: {"choices": [garbage\n\n'
    if (script.errorEventAfter === sent) {
      yield event({ error: script.errorEvent ?? { code: 502, message: 'Provider disconnected' }, choices: [] })
      return
    }
    if (sent < chunks.length) yield delta({ content: chunks[sent] })
  }
  for (const [index, call] of calls.entries()) yield* callPieces(call, index, delta)
  yield delta({}, script.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop'))
  const usage = script.rawUsage === undefined ? wireUsage(script) : script.rawUsage
  if (usage !== null) yield event({ choices: [], usage })
  yield 'data: [DONE]\n\n'
}

function* callPieces(call: ScriptedToolCall, index: number, delta: (told: object) => string): Generator<string> {
  const [opening = '', ...fragments] = typeof call.arguments === 'string' ? [call.arguments] : call.arguments
  yield delta({ tool_calls: [{ index, id: call.id, type: 'function', function: { name: call.name, arguments: opening } }] })
  for (const fragment of fragments) yield delta({ tool_calls: [{ index, function: { arguments: fragment } }] })
}

function wireUsage({ usage = { fresh: 10, output: 5 }, cost }: ModelScript): object | null {
  if (usage === null) return null
  const { fresh, cached = 0, output } = usage
  return {
    prompt_tokens: fresh + cached,
    completion_tokens: output,
    total_tokens: fresh + cached + output,
    prompt_tokens_details: { cached_tokens: cached },
    ...(cost !== undefined && { cost }),
  }
}
