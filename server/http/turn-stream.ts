import { setImmediate as nextTurnOfTheLoop } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TurnEvent } from '../../contract/events.ts'
import type { EventView } from '../../contract/turns.ts'
import { createBasicView } from '../domain/basic-view.ts'
import type { Observer } from '../domain/observation.ts'
import type { TurnLog } from '../live/turn-log.ts'
import { type EventStream, openEventStream } from './event-stream.ts'

/** Whoever joins late is not handed the whole turn at once, so that a reader that stops costs little. */
const FLUSH_CHARACTERS = 64 * 1024

/** Sends one view of a turn from behind the event numbered `after`, until its `done` or until the reader leaves. */
export async function streamTurn(
  request: FastifyRequest,
  reply: FastifyReply,
  log: TurnLog,
  view: EventView,
  after: number,
  observer: Observer,
): Promise<void> {
  const leave = observer.reader()
  // Where the request's log line and its metrics look for them.
  reply.header('content-type', 'text/event-stream').header('x-turn-id', log.turnId)
  const stream = openEventStream(reply, { 'x-turn-id': log.turnId })
  try {
    await sendEvents(stream, log, view, after)
  } catch (error) {
    request.log.error({ err: error, turn_id: log.turnId }, 'a turn stream broke')
  } finally {
    stream.end()
    leave()
  }
}

async function sendEvents(stream: EventStream, log: TurnLog, view: EventView, after: number): Promise<void> {
  if ((await sendFrom(stream, log, view, after)) !== 'told_too_much') return
  // It begins anew, and so do its numbers.
  if (await stream.send(frameOf(0, { type: 'reset' }))) await sendFrom(stream, log, view, 0)
}

/** `told_too_much`: the reader has heard what does not count, from a process that lost the turn, or died before others could have heard it. */
async function sendFrom(stream: EventStream, log: TurnLog, view: EventView, after: number): Promise<'sent' | 'left' | 'told_too_much'> {
  const show = view === 'basic' ? createBasicView().push : (event: TurnEvent) => [event]
  // Numbers belong to the view: counting from the first event gives every reader, on every replica, the same.
  let sequence = 0
  for await (const { events, takenOver } of log.read(stream.gone)) {
    let frames = ''
    for (const event of events) {
      for (const shown of show(event)) {
        // Whoever comes back behind a reset that stands at the beginning comes back to the beginning.
        const number = shown.type === 'reset' && sequence === 0 ? 0 : ++sequence
        if (number > after || number === 0) frames += frameOf(number, shown)
      }
      if (frames.length < FLUSH_CHARACTERS) continue
      if (!(await stream.send(frames))) return 'left'
      frames = ''
    }
    if (frames !== '' && !(await stream.send(frames))) return 'left'
    if (takenOver && after > sequence) return 'told_too_much'
    // A long log is walked in pieces, so that others get their turn in between.
    if (events.length > 1) await nextTurnOfTheLoop()
  }
  return after > sequence && !stream.gone.aborted ? 'told_too_much' : 'sent'
}

const frameOf = (number: number, shown: TurnEvent): string => `id: ${number}\ndata: ${JSON.stringify(shown)}\n\n`
