import type { ChatMessage, ModelRequest } from './model.ts'

/** `openrouter` also tells the cost of a call when asked; `openai` is everybody else who speaks the format. */
export type ChatCompletionsFlavour = 'openrouter' | 'openai'

/** The format allows no more; OpenAI refuses a fifth. */
const MAXIMUM_STOP_SEQUENCES = 4

/** The body of POST /chat/completions. Source: https://platform.openai.com/docs/api-reference/chat/create, https://openrouter.ai/docs/api-reference/overview */
export function requestBody(request: ModelRequest, flavour: ChatCompletionsFlavour, host: string): string {
  return JSON.stringify({
    model: request.providerModel,
    messages: request.messages.map(wireMessage),
    stream: true,
    stream_options: { include_usage: true },
    // OpenAI itself refuses `max_tokens` for its reasoning models; most others know no other name.
    [host === 'api.openai.com' ? 'max_completion_tokens' : 'max_tokens']: request.maxTokens,
    ...(flavour === 'openrouter' && { usage: { include: true } }),
    ...(request.tools.length > 0 && { tools: request.tools.map(tool => ({ type: 'function', function: tool })) }),
    ...(request.stop.length > 0 && takesStop(request.providerModel) && { stop: request.stop.slice(0, MAXIMUM_STOP_SEQUENCES) }),
    ...(request.json && { response_format: { type: 'json_object' } }),
  })
}

/** OpenAI's reasoning models answer 400 to `stop`; our own reading ends their answers all the same. */
const takesStop = (model: string): boolean => !/(?:^|\/)(?:o[134]|gpt-5)(?![a-z0-9])/i.test(model)

function wireMessage(message: ChatMessage) {
  if (message.role === 'tool') return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
  if (message.role !== 'assistant' || !message.toolCalls?.length) return { role: message.role, content: message.content }
  return {
    role: 'assistant',
    content: message.content || null,
    // A call without arguments was told as an empty string, which is no JSON and is refused when it is sent back.
    tool_calls: message.toolCalls.map(call => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments || '{}' },
    })),
  }
}

/** What every request tells a gateway or proxy in between (turns.md, Providers). */
export function requestHeaders(request: ModelRequest, apiKey: string | null): Record<string, string> {
  return {
    'content-type': 'application/json',
    accept: 'text/event-stream',
    ...(apiKey !== null && { authorization: `Bearer ${apiKey}` }),
    'x-trace-id': request.traceId,
    'x-pantheon-turn': request.turnId,
    'x-pantheon-purpose': request.purpose,
    ...(request.agentKey !== null && { 'x-pantheon-agent': request.agentKey }),
  }
}
