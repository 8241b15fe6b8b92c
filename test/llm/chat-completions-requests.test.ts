import { describe, expect, test } from 'vitest'
import { requestBody } from '../../server/llm/chat-completions-request.ts'
import type { ModelRequest } from '../../server/llm/model.ts'
import { API_KEY, ask, connect, endpoint, request } from './provider-trial.ts'

describe('a request', () => {
  test('says who asks and why in its headers', async () => {
    await ask(connect())
    expect(endpoint.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${API_KEY}`,
      'content-type': 'application/json',
      'x-trace-id': 'trace-1',
      'x-pantheon-turn': 'turn-1',
      'x-pantheon-purpose': 'agent',
      'x-pantheon-agent': 'ada',
    })
  })

  test('of a manager names no agent, and one without a key sends no authorisation', async () => {
    await ask(connect({ apiKey: null }), request({ purpose: 'manager_routing', agentKey: null }))
    expect(endpoint.requests[0]).toMatchObject({ purpose: 'manager_routing', agentKey: null })
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('authorization')
    expect(endpoint.requests[0]?.headers).not.toHaveProperty('x-pantheon-agent')
  })

  test('asks OpenRouter for usage and cost, and others for usage', async () => {
    await ask(connect({ flavour: 'openrouter' }))
    await ask(connect({ flavour: 'openai' }))
    const [openrouter, openai] = endpoint.requests.map(recorded => recorded.body)
    expect(openrouter).toEqual({
      model: 'vendor/model-a',
      messages: request().messages,
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 300,
      usage: { include: true },
    })
    expect(openai).toEqual({ ...openrouter, usage: undefined })
  })

  test('to OpenAI itself names the output limit as its reasoning models want it', () => {
    const limits = ['api.openai.com', 'localhost:11434'].map(host => JSON.parse(requestBody(request(), 'openai', host)))
    expect(limits[0]).toMatchObject({ max_completion_tokens: 300 })
    expect(limits[0]).not.toHaveProperty('max_tokens')
    expect(limits[1]).toMatchObject({ max_tokens: 300 })
  })

  test('carries tools, at most four stop sequences, the JSON format and the trace of tool calls', async () => {
    const tool = { name: 'search', description: 'Searches.', parameters: { type: 'object', properties: {} } }
    const messages: ModelRequest['messages'] = [
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'search', arguments: '' }] },
      { role: 'tool', toolCallId: 'c1', content: 'found' },
    ]
    await ask(connect(), request({ tools: [tool], stop: ['\nA:', '\nB:', '\nC:', '\nD:', '\nE:'], json: true, messages }))
    expect(endpoint.requests[0]?.body).toMatchObject({
      tools: [{ type: 'function', function: tool }],
      stop: ['\nA:', '\nB:', '\nC:', '\nD:'],
      response_format: { type: 'json_object' },
      messages: [
        { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'search', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'found' },
      ],
    })
  })

  test('to a base URL with a slash at its end goes to the same place', async () => {
    await ask(connect({ baseUrl: `${endpoint.url}/` }))
    expect(endpoint.requests[0]?.path).toBe('/v1/chat/completions')
  })
})
