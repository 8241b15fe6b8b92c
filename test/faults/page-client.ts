import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client, StreamAnswer } from '../program.ts'

/** What somebody at the page has got for a message. */
export interface Answered {
  turnId: string
  status: string
  text: string
  /** Times the stream had to be joined again. */
  rejoins: number
  /** Times a rejoin began anew, because what was said before was lost. */
  resets: number
  /** Times the message had to be sent again before the server had taken it. */
  repeats: number
  /** The longest wait until a request was answered at all, be it by a refusal, in milliseconds. */
  slowestHeadMs: number
  /** The longest time from a stream's break until events came again. */
  longestGapMs: number
}

/** Answered with anything but a stream or 503 `unavailable`. */
export class Unexpected extends Error {}

const RETRY_MS = 200

/**
 * Sends a message and follows its turn to `done` as the page does: a message that is not taken is sent again under its key, a stream that
 * breaks is joined again behind the last event that was read.
 */
export async function converse(
  client: Client,
  turns: string,
  message: string,
  giveUpAfterMs: number,
  signal?: AbortSignal,
): Promise<Answered> {
  const until = performance.now() + giveUpAfterMs
  const key = randomUUID()
  const said = { turnId: '', status: '', text: '', rejoins: 0, resets: 0, repeats: 0, slowestHeadMs: 0, longestGapMs: 0 }
  let lastEventId = 0
  let brokeAt: number | null = null
  while (said.status === '') {
    signal?.throwIfAborted()
    if (performance.now() >= until)
      throw new Unexpected(`no end of ${said.turnId || key} within ${giveUpAfterMs} ms: ${JSON.stringify(said)}`)
    const askedAt = performance.now()
    // A stream that says no more than heartbeats is no answer.
    const patience = AbortSignal.timeout(Math.ceil(until - askedAt))
    const stream = await (said.turnId === ''
      ? client.stream(`${turns}/stream`, { message }, { signal: patience, headers: { 'idempotency-key': key } })
      : client.follow(`${turns}/${said.turnId}/stream`, { signal: patience, headers: { 'last-event-id': String(lastEventId) } })
    ).catch(() => null)
    said.slowestHeadMs = Math.max(said.slowestHeadMs, performance.now() - askedAt)
    if (stream?.status === 200) {
      said.turnId = stream.headers.get('x-turn-id')!
      for await (const { id, data } of unbroken(stream)) {
        if (brokeAt !== null) said.longestGapMs = Math.max(said.longestGapMs, performance.now() - brokeAt)
        brokeAt = null
        lastEventId = id
        if (data.type === 'reset') {
          said.resets += 1
          said.text = ''
        } else if (data.type === 'chunk') said.text += data.delta
        else if (data.type === 'done') said.status = data.status
      }
    } else if (stream) await expectUnavailable(stream)
    if (said.status !== '') break
    brokeAt ??= performance.now()
    if (said.turnId === '') said.repeats += 1
    else said.rejoins += 1
    await sleep(RETRY_MS)
  }
  return said
}

/** A connection that breaks ends the events like any other end. */
async function* unbroken(stream: StreamAnswer): ReturnType<StreamAnswer['events']> {
  try {
    yield* stream.events()
  } catch {}
}

async function expectUnavailable(stream: StreamAnswer): Promise<void> {
  const text = await stream.text().catch(() => '')
  const isUnavailable = stream.status === 503 && text.includes('"code":"unavailable"') && Number(stream.headers.get('retry-after')) > 0
  if (!isUnavailable) throw new Unexpected(`${stream.status} ${stream.headers.get('retry-after')} ${text}`)
}
