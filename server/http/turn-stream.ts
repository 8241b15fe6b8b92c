import { setImmediate as nextTurnOfTheLoop } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TurnEvent } from '../../contract/events.ts'
import type { EventView } from '../../contract/turns.ts'
import { createBasicView } from '../domain/basic-view.ts'
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
): Promise<void> {
  const stream = openEventStream(reply, { 'x-turn-id': log.turnId })
  try {
    await sendEvents(stream, log, view, after)
  } catch (error) {
    request.log.error({ err: error, turn_id: log.turnId }, 'a turn stream broke')
  } finally {
    stream.end()
  }
}

async function sendEvents(stream: EventStream, log: TurnLog, view: EventView, after: number): Promise<void> {
  const show = view === 'basic' ? createBasicView().push : (event: TurnEvent) => [event]
  // Numbers belong to the view: counting from the first event gives every reader, on every replica, the same.
  let sequence = 0
  for await (const batch of log.read(stream.gone)) {
    let frames = ''
    for (const event of batch) {
      for (const shown of show(event)) {
        sequence++
        if (sequence > after) frames += `id: ${sequence}\ndata: ${JSON.stringify(shown)}\n\n`
      }
      if (frames.length < FLUSH_CHARACTERS) continue
      if (!(await stream.send(frames))) return
      frames = ''
    }
    if (frames !== '' && !(await stream.send(frames))) return
    // A long log is walked in pieces, so that others get their turn in between.
    if (batch.length > 1) await nextTurnOfTheLoop()
  }
}
