import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { TurnEvent } from '../../contract/events.ts'
import { addressOf, send } from './client.ts'
import { problemOf } from './problem.ts'

export interface TurnRequest {
  message: string
  model_alias_override?: string
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
export async function startTurn(sessionId: string, request: TurnRequest, idempotencyKey: string): Promise<OpenTurnStream> {
  const response = await send(addressOf('/sessions/{session_id}/turns/stream', { session_id: sessionId }), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ ...request, events: 'detailed' }),
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
