import { afterEach, beforeEach, expect } from 'vitest'
import { createChatCompletions, type ProviderTimeouts } from '../../server/llm/chat-completions.ts'
import type { ModelProvider, ModelRequest } from '../../server/llm/model.ts'
import { createOutbound, type Outbound } from '../../server/outbound/outbound.ts'
import { type ModelEndpoint, type ModelScript, startModelEndpoint } from '../model-endpoint.ts'

// The client of the chat-completions wire format before a scripted endpoint, a fresh one for each test.

export const API_KEY = 'plain-not-a-real-key-0123456789'
export const PATIENT: ProviderTimeouts = { firstTokenMs: 20_000, idleMs: 20_000 }

export let endpoint: ModelEndpoint
let outbound: Outbound

beforeEach(async () => {
  endpoint = await startModelEndpoint()
  outbound = createOutbound({ trustedOrigins: [], allowPrivate: true, connectMs: 5_000 })
})

afterEach(async () => {
  await outbound.close()
  await endpoint.close()
})

export const connect = (options: Partial<Parameters<typeof createChatCompletions>[0]> = {}): ModelProvider =>
  createChatCompletions({ baseUrl: endpoint.url, apiKey: API_KEY, flavour: 'openrouter', timeouts: PATIENT, outbound, ...options })

export const impatient = (timeouts: Partial<ProviderTimeouts>) => connect({ timeouts: { ...PATIENT, ...timeouts } })

export const request = (members: Partial<ModelRequest> = {}): ModelRequest => ({
  requestId: '018f0000-0000-7000-8000-000000000001',
  provider: 'openrouter',
  providerModel: 'vendor/model-a',
  messages: [
    { role: 'system', content: 'You are Ada, who checks figures.' },
    { role: 'user', content: 'What is the answer to my private question?' },
  ],
  tools: [],
  maxTokens: 300,
  stop: [],
  json: false,
  purpose: 'agent',
  turnId: 'turn-1',
  traceId: 'trace-1',
  agentKey: 'ada',
  ...members,
})

export async function ask(provider: ModelProvider, asked: ModelRequest = request(), signal: AbortSignal = new AbortController().signal) {
  const pieces: string[] = []
  const attempt = await provider.attempt(asked, piece => pieces.push(piece), signal)
  expect(pieces.join('')).toBe(attempt.text)
  return { ...attempt, pieces }
}

export const answerTo = (script: ModelScript, asked?: ModelRequest) => {
  endpoint.reply(script)
  return ask(connect(), asked)
}

export const sse = (...events: unknown[]): string =>
  events.map(event => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')
export const delta = (content: string) => ({
  id: 'gen-x',
  model: 'vendor/served',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})
export const STOP = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }
