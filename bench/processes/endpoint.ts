import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate as nextTurnOfTheLoop, setTimeout as sleep } from 'node:timers/promises'
import { type AnsweredCall, monotonicMs, type Pace, type Script, tokenAt } from '../script.ts'
import { announce } from './announce.ts'

// A model endpoint that costs as little as one can: it speaks chat completions, thinks nothing, and has its answers ready.
// PUT /script says how to answer from now on; GET /calls tells when each call since then was answered.

const ID = '"id":"gen-1","object":"chat.completion.chunk","created":1764000000,"model":"bench-model"'
const event = (members: string) => `data: {${ID},${members}}\n\n`
const delta = (text: string) => event(`"choices":[{"index":0,"delta":{"content":${JSON.stringify(text)}},"finish_reason":null}]`)
const USAGE = '"usage":{"prompt_tokens":200,"completion_tokens":100,"total_tokens":300,"prompt_tokens_details":{"cached_tokens":0}}'
const END = Buffer.from(
  `${event('"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]')}${event(`"choices":[],${USAGE}`)}data: [DONE]\n\n`,
)

let writes = new Map<Pace, Buffer[]>()
let script: Script = { default: { firstMs: 0, betweenMs: 0, tokens: 100, perWrite: 10 } }
let calls: AnsweredCall[] = []

/** The writes of an answer, made once for each pace. */
function writesOf(pace: Pace): Buffer[] {
  const known = writes.get(pace)
  if (known) return known
  const deltas = pace.text === undefined ? Array.from({ length: pace.tokens }, (_, index) => delta(tokenAt(index))) : [delta(pace.text)]
  const made: Buffer[] = []
  for (let start = 0; start < deltas.length; start += pace.perWrite)
    made.push(Buffer.from(deltas.slice(start, start + pace.perWrite).join('')))
  writes.set(pace, made)
  return made
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = {
    purpose: headerOf(request, 'purpose'),
    agentKey: headerOf(request, 'agent'),
    receivedAt: monotonicMs(),
    firstTokenAt: 0,
    endedAt: 0,
  }
  const pace = script[call.agentKey] ?? script[call.purpose] ?? script.default
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  if (pace.firstMs > 0) await sleep(pace.firstMs)
  call.firstTokenAt = monotonicMs()
  const parts = writesOf(pace)
  for (const [index, part] of parts.entries()) {
    response.write(part)
    if (index === parts.length - 1) break
    if (pace.betweenMs > 0) await sleep(pace.betweenMs)
    else await nextTurnOfTheLoop()
  }
  response.end(END)
  call.endedAt = monotonicMs()
  calls.push(call)
}

const headerOf = (request: IncomingMessage, name: string): string => String(request.headers[`x-pantheon-${name}`] ?? '')

async function read(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}

const server = createServer(async (request, response) => {
  const body = await read(request)
  if (request.url === '/script') {
    script = JSON.parse(body) as Script
    writes = new Map()
    calls = []
    response.end()
  } else if (request.url === '/calls') response.end(JSON.stringify(calls))
  else await answer(request, response)
})
announce(server)
