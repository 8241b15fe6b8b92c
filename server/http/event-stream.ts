import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** A comment keeps proxies from cutting a silent stream. */
const HEARTBEAT_MS = 15_000
/** A reader whose socket takes nothing for so long is dropped; it may rejoin. */
const STALLED_MS = 30_000
/** Most text handed to a socket at once, so that a reader that stops costs no more than this and the socket's own buffer. */
const WRITE_CHARACTERS = 64 * 1024

/** Given a reason, an abort makes no exception of its own, stack and all; every answer would pay for one at its end. */
const GONE = 'the reader is gone'

/** Sends frames as they come, at the reader's pace; ends when they end, or when the reader is gone (which `gone` then says). */
export interface EventStream {
  readonly gone: AbortSignal
  /** False when the reader is gone. */
  send(frames: string): Promise<boolean>
  end(): void
}

/** Takes the answer over from Fastify; what earlier hooks have set goes out as headers. */
export function openEventStream(reply: FastifyReply, headers: Record<string, string>): EventStream {
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    ...headers,
  })
  // The head leaves before the first token: whoever waits knows that the turn runs.
  response.flushHeaders()
  const gone = new AbortController()
  const heartbeat = setTimeout(() => {
    response.write(': still here\n\n')
    heartbeat.refresh()
  }, HEARTBEAT_MS)
  response.once('close', () => {
    clearTimeout(heartbeat)
    gone.abort(GONE)
  })
  // Whoever left before the head was written has said so already, and says it no more.
  if (response.destroyed || response.closed) {
    clearTimeout(heartbeat)
    gone.abort(GONE)
  }
  // A socket that breaks says so by 'close' as well; without a listener the error would end the process.
  response.on('error', () => {})
  return {
    gone: gone.signal,
    async send(frames) {
      heartbeat.refresh()
      for (let start = 0; start < frames.length && !gone.signal.aborted; start += WRITE_CHARACTERS) {
        const part = frames.length > WRITE_CHARACTERS ? frames.slice(start, start + WRITE_CHARACTERS) : frames
        if (!response.write(part)) await drained(response, gone.signal)
      }
      return !gone.signal.aborted
    },
    end: () => void response.end(),
  }
}

/** Waits until the socket takes more, or is closed; whoever takes nothing at all is cut off. */
function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (gone.aborted) return resolve()
    const stalled = setTimeout(() => response.destroy(), STALLED_MS)
    const go = () => {
      clearTimeout(stalled)
      response.off('drain', go)
      gone.removeEventListener('abort', go)
      resolve()
    }
    response.once('drain', go)
    gone.addEventListener('abort', go, { once: true })
  })
}
