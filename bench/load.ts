import { Agent, request as httpRequest } from 'node:http'
import { monotonicMs } from './script.ts'

// The load: clients that each send one request after another and read every answer to its end.

export interface StreamRequest {
  url: string
  headers: Record<string, string>
  body: string
}

/** Times in milliseconds of `monotonicMs`. */
export interface StreamedAnswer {
  sentAt: number
  firstTextAt: number
  endedAt: number
  body: string
}

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY, maxFreeSockets: 4096 })

/** Sends one request; `firstText` is how the first event that holds text of the answer is known. */
export async function readStream(request: StreamRequest, firstText: string): Promise<StreamedAnswer> {
  let firstTextAt = Number.NaN
  const read = await send(request, body => {
    if (Number.isNaN(firstTextAt) && body.includes(firstText)) firstTextAt = monotonicMs()
  })
  return { ...read, firstTextAt }
}

export interface TimedEvent<Event> {
  event: Event
  at: number
}

/** Sends one request and notes of every event when it came. */
export async function readTimedEvents<Event>(request: StreamRequest) {
  const events: TimedEvent<Event>[] = []
  let seen = 0
  const read = await send(request, body => {
    const at = monotonicMs()
    const end = body.lastIndexOf('\n\n') + 2
    for (const event of eventsOf<Event>(body.slice(seen, end))) events.push({ event, at })
    seen = Math.max(seen, end)
  })
  return { sentAt: read.sentAt, endedAt: read.endedAt, events }
}

/** `onRead` is given all that was read so far. */
function send({ url, headers, body }: StreamRequest, onRead: (read: string) => void): Promise<Omit<StreamedAnswer, 'firstTextAt'>> {
  return new Promise((resolve, reject) => {
    const length = Buffer.byteLength(body)
    const outgoing = httpRequest(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': length },
    })
    const sentAt = monotonicMs()
    let read = ''
    outgoing.once('response', response => {
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        read += part
        onRead(read)
      })
      response.once('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${url} answered ${response.statusCode}: ${read.slice(0, 500)}`))
        else resolve({ sentAt, endedAt: monotonicMs(), body: read })
      })
      response.once('error', reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** The data of every event, parsed. */
export const eventsOf = <Event>(body: string): Event[] =>
  body
    .split('\n')
    .filter(line => line.startsWith('data: {'))
    .map(line => JSON.parse(line.slice('data: '.length)) as Event)
