import { EventSourceParserStream } from 'eventsource-parser/stream'

export interface ReadEvent {
  id: number
  // biome-ignore lint/suspicious/noExplicitAny: events are examined, not trusted
  data: any
  /** Milliseconds of `performance.now()` at which it was read. */
  at: number
}

/** Server-Sent Events as a client sees them. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadEvent> {
  const events = body
    .pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
    .pipeThrough(new EventSourceParserStream())
  for await (const event of events) yield { id: Number(event.id), data: JSON.parse(event.data), at: performance.now() }
}

/** The text of a stream: its deltas, joined. */
export const joinedText = (events: ReadEvent[]): string => events.map(({ data }) => (data.type === 'chunk' ? data.delta : '')).join('')
