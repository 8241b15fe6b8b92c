import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { traceIdOf } from '../../server/telemetry/trace-id.ts'
import { newCouncil, newDirectChat } from '../council.ts'
import { type Client, useProgram } from '../program.ts'
import { type ReceivedSpan, startOtlpReceiver } from './otlp-receiver.ts'

const SECRET = 'the words that nobody else may read'
const TRACE = '0190b6f0-1c3e-7abc-8def-0123456789ab'
const receiver = await startOtlpReceiver()
afterAll(receiver.close)
const program = await useProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`, OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a%20b,x-other=c' })
const ada = await program.user('ada')

const child = (parent: ReceivedSpan | undefined) => receiver.spans.filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
const named = (name: string) => receiver.spans.filter(span => span.name === name)
const milliseconds = ({ startTimeUnixNano, endTimeUnixNano }: ReceivedSpan) =>
  Number((BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1_000_000n)

/** Three turns of different kinds; what is left in the program's hands is sent when it stops. */
async function runTurns(client: Client): Promise<{ sessionId: string; turnId: string }> {
  const asked = (name: string) => ({
    toolCalls: [{ id: `call_${name}`, name, arguments: JSON.stringify({ query: SECRET, file_id: 'none' }) }],
  })
  const chat = await newDirectChat(client, { key: 'sage', role: SECRET, tools: ['file_read'] })
  const answers = [asked('file_read'), asked(SECRET.replaceAll(' ', '_')), { chunks: [SECRET], betweenMs: 5, firstTokenMs: 60 }]
  program.endpoint.reply(() => ({ usage: { fresh: 60, cached: 40, output: 7 }, ...answers.shift() }))
  const turn = await client.post(chat.turns, { message: SECRET }, { 'x-trace-id': TRACE })
  expect(turn.body.status).toBe('completed')

  const council = await newCouncil(client, 'orchestrator', [{ key: 'one', role: SECRET }, { key: 'two' }], SECRET)
  program.endpoint.reply(({ purpose }) => {
    if (purpose === 'manager_routing')
      return { chunks: ['{"assignments":[{"agent_key":"one","instruction":"go"},{"agent_key":"two","instruction":"go"}]}'] }
    if (purpose === 'manager_evaluation') return { chunks: ['{"continue": false}'] }
    return { chunks: [SECRET] }
  })
  expect((await client.post(council.turns, { message: SECRET })).body.status).toBe('completed')

  const failing = await newDirectChat(client, { key: 'failing' })
  program.endpoint.reply({ status: 500 })
  expect((await client.post(failing.turns, { message: SECRET })).status).toBe(502)
  return { sessionId: chat.sessionId, turnId: turn.body.id }
}

let first: { sessionId: string; turnId: string }
beforeAll(async () => {
  first = await runTurns(ada)
  await vi.waitUntil(() => named('invoke_workflow standalone').length === 2, { timeout: 15_000 })
}, 30_000)

describe('a turn', () => {
  test('is a trace that its X-Trace-ID names', () => {
    const turn = named('invoke_workflow standalone').find(({ attributes }) => attributes['pantheon.turn.id'] === first.turnId)!
    expect(turn).toMatchObject({
      traceId: TRACE.replaceAll('-', ''),
      kind: 1,
      attributes: {
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.conversation.id': first.sessionId,
        'pantheon.trace_id': TRACE,
        'pantheon.turn.status': 'completed',
        'user.id': ada.userId,
      },
    })
    expect(turn.parentSpanId ?? '').toBe('')
    expect(traceIdOf('something else')).toMatch(/^[0-9a-f]{32}$/)
    expect(traceIdOf('something else')).toBe(traceIdOf('something else'))
    expect(traceIdOf('0'.repeat(32))).not.toBe('0'.repeat(32))
  })

  test('holds its step, and the step its model calls and tool calls, in that order', () => {
    const turn = named('invoke_workflow standalone').find(({ attributes }) => attributes['pantheon.turn.id'] === first.turnId)!
    const [step, ...more] = child(turn)
    expect([step!.name, more]).toEqual(['invoke_agent sage', []])
    expect(step!.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'sage',
      'gen_ai.usage.input_tokens': 300,
      'gen_ai.usage.output_tokens': 21,
    })
    const parts = child(step).toSorted((left, right) => Number(BigInt(left.startTimeUnixNano) - BigInt(right.startTimeUnixNano)))
    const model = named('invoke_agent sage')[0] && parts.find(({ kind }) => kind === 3)!.attributes['gen_ai.request.model']
    expect(parts.map(({ name }) => name)).toEqual([
      `chat ${model}`,
      'execute_tool file_read',
      `chat ${model}`,
      'execute_tool',
      `chat ${model}`,
    ])
    for (const part of [...parts, step!]) expect(part.traceId).toBe(turn.traceId)
  })

  test('tells of a model call its model, tokens, times and price', () => {
    const calls = child(named('invoke_agent sage')[0]).filter(({ kind }) => kind === 3)
    const slow = calls.toSorted((left, right) => milliseconds(right) - milliseconds(left))[0]!
    expect(slow.attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openrouter',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.output_tokens': 7,
      'gen_ai.conversation.id': first.sessionId,
      'pantheon.call.purpose': 'agent',
      'pantheon.model.alias': 'deepseek',
    })
    expect(slow.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThanOrEqual(0.06)
    expect(milliseconds(slow)).toBeGreaterThanOrEqual(60)
  })

  test('led by a manager holds the manager’s calls beside the steps', () => {
    const turn = named('invoke_workflow orchestrator')[0]
    const children = child(turn)
    expect(
      children
        .map(({ name }) => name)
        .filter(name => name.startsWith('invoke_agent'))
        .toSorted(),
    ).toEqual(['invoke_agent manager', 'invoke_agent one', 'invoke_agent two'])
    const purposes = children.filter(({ kind }) => kind === 3).map(({ attributes }) => attributes['pantheon.call.purpose'])
    expect(purposes).toEqual(['manager_routing', 'manager_evaluation'])
  })

  test('that failed at its provider says so on every level', () => {
    const call = receiver.spans.find(({ kind, attributes }) => kind === 3 && attributes['error.type'] === 'error')!
    expect(call.status.code).toBe(2)
    const step = named('invoke_agent failing')[0]!
    expect([step.status.code, step.attributes['error.type']]).toEqual([2, 'agent_error'])
    const turn = receiver.spans.find(({ spanId }) => spanId === step.parentSpanId)!
    expect([turn.status.code, turn.attributes['error.type']]).toEqual([2, 'provider_error'])
  })
})

test('nothing that people or models say is in a span', () => {
  const all = receiver.bodies.join('\n')
  for (const words of [SECRET, SECRET.replaceAll(' ', '_'), ada.token, 'instruction']) expect(all).not.toContain(words)
  expect(all).toContain('gen_ai.operation.name')
})

test('the spans go where they are to, under the name of the service', () => {
  expect(new Set(receiver.paths)).toEqual(new Set(['/v1/traces']))
  expect(receiver.resources[0]).toMatchObject({ 'service.name': 'pantheon', 'service.version': '0.0.0-test' })
  expect(receiver.headers[0]).toMatchObject({ 'x-team': 'a b', 'x-other': 'c' })
})
