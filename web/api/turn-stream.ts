import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { TurnEvent } from '../../contract/events.ts'
import { addressOf, send } from './client.ts'
import { problemOf } from './problem.ts'

export interface TurnRequest {
  message: string
  model_alias_override?: string
  /** The last turn, whose message this is: it is run again, and the new turn stands in its place. */
  again?: string
}

export interface NumberedEvent {
  id: number
  event: TurnEvent
}

export interface OpenTurnStream {
  turnId: string
  events: AsyncIterable<NumberedEvent>
}

/** Starts a turn. The key makes a repeat join the turn that the first try began. */
export async function startTurn(
  sessionId: string,
  { message, again, ...chosen }: TurnRequest,
  idempotencyKey: string,
): Promise<OpenTurnStream> {
  const address = again
    ? addressOf('/sessions/{session_id}/turns/{turn_id}/regenerate', { session_id: sessionId, turn_id: again })
    : addressOf('/sessions/{session_id}/turns/stream', { session_id: sessionId })
  const response = await send(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ ...(!again && { message }), ...chosen, events: 'detailed' }),
  })
  return opened(response)
}

export async function joinTurn(sessionId: string, turnId: string, after: number, signal?: AbortSignal): Promise<OpenTurnStream> {
  const path = { session_id: sessionId, turn_id: turnId }
  const address = addressOf('/sessions/{session_id}/turns/{turn_id}/stream', path, { events: 'detailed' })
  return opened(await send(address, { signal, headers: after > 0 ? { 'last-event-id': String(after) } : {} }))
}

async function opened(response: Response): Promise<OpenTurnStream> {
  if (!response.ok || !response.body) throw await problemOf(response)
  return { turnId: response.headers.get('x-turn-id') ?? '', events: eventsOf(response.body) }
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<NumberedEvent> {
  const decoder = new TextDecoderStream() as unknown as ReadableWritablePair<string, Uint8Array>
  const reader = body.pipeThrough(decoder).pipeThrough(new EventSourceParserStream()).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield { id: Number(value.id ?? 0), event: JSON.parse(value.data) as TurnEvent }
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
