import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { SeenEvent, TurnObserver } from '../domain/observation.ts'
import type { TurnSnapshot } from '../domain/turn.ts'
import { callAttributes, type StepEnd, stepAttributes, turnAttributes } from './span-attributes.ts'
import { traceIdOf } from './trace-id.ts'

/** One turn as it is told of: its span, and below it those of its steps, model calls and tool calls. */
export function observeTurn(tracer: Tracer, ids: { name(traceId: string): void }, snapshot: TurnSnapshot): TurnObserver {
  const conversation = { 'gen_ai.conversation.id': snapshot.sessionId }
  ids.name(traceIdOf(snapshot.traceId))
  const turn = tracer.startSpan(
    `invoke_workflow ${snapshot.mode}`,
    { root: true, kind: SpanKind.INTERNAL, attributes: { ...conversation, ...turnAttributes(snapshot) } },
    ROOT_CONTEXT,
  )
  const under = (parent: Span | undefined) => trace.setSpan(ROOT_CONTEXT, parent ?? turn)
  const steps = new Map<number, Span>()
  const tools = new Map<string, Span>()
  const endAll = () => {
    for (const span of [...tools.values(), ...steps.values(), turn]) span.end()
  }
  return {
    event(event) {
      if (event.type === 'agent_start') {
        const options = { kind: SpanKind.INTERNAL, attributes: { ...conversation, ...stepAttributes(event) } }
        steps.set(event.step, tracer.startSpan(`invoke_agent ${event.agent_key}`, options, under(undefined)))
      } else if (event.type === 'tool_start') {
        const options = { kind: SpanKind.INTERNAL, attributes: { ...conversation, 'gen_ai.operation.name': 'execute_tool' } }
        tools.set(toolKey(event), tracer.startSpan('execute_tool', options, under(steps.get(event.step))))
      } else if (event.type === 'tool_end') endTool(take(tools, toolKey(event)), event)
      else if (event.type === 'agent_end') endStep(take(steps, event.step), event)
    },
    call(call) {
      const startTime = Date.now() - (call.latencyMs ?? 0)
      const attributes = { ...conversation, ...callAttributes(call) }
      const parent = call.step === null ? undefined : steps.get(call.step)
      const span = tracer.startSpan(`chat ${call.model.providerModel}`, { kind: SpanKind.CLIENT, startTime, attributes }, under(parent))
      if (FAILURES.has(call.status)) fail(span, call.status)
      span.end()
    },
    closed({ outcome }) {
      turn.setAttributes({ 'pantheon.turn.status': outcome.status, ...(outcome.limit && { 'pantheon.turn.limit': outcome.limit }) })
      if (outcome.failure) fail(turn, outcome.failure.code)
      endAll()
    },
    givenUp() {
      fail(turn, 'given_up')
      endAll()
    },
  }
}

const FAILURES = new Set<string>(['error', 'timeout', 'rate_limited'])
type ToolStart = Extract<SeenEvent, { type: 'tool_start' }>
type ToolEnd = Extract<SeenEvent, { type: 'tool_end' }>

function endStep(span: Span | undefined, { status, usage, credits }: StepEnd): void {
  span?.setAttributes({
    'gen_ai.usage.input_tokens': usage.input_tokens_fresh + usage.input_tokens_cached,
    'gen_ai.usage.output_tokens': usage.output_tokens,
    'pantheon.step.status': status,
    'pantheon.credits': credits,
  })
  if (span && status === 'error') fail(span, 'agent_error')
  span?.end()
}

/** A tool that was not offered has a name that the model made up. */
function endTool(span: Span | undefined, { tool, status, call_id }: ToolEnd): void {
  if (span && status !== 'refused') {
    span.updateName(`execute_tool ${tool}`)
    span.setAttributes({ 'gen_ai.tool.name': tool, 'gen_ai.tool.type': 'function', 'gen_ai.tool.call.id': call_id })
  }
  span?.setAttribute('pantheon.tool.status', status)
  if (span && status !== 'success') fail(span, status)
  span?.end()
}

function fail(span: Span, type: string): void {
  span.setAttribute('error.type', type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

const toolKey = ({ step, call_id }: ToolStart | ToolEnd) => `${step}:${call_id}`

function take<Key>(spans: Map<Key, Span>, key: Key): Span | undefined {
  const span = spans.get(key)
  spans.delete(key)
  return span
}
