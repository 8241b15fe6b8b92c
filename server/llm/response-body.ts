import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** An answer of more bytes is ended: nobody asked for it, and an endless one must not fill the memory. */
const MAXIMUM_BODY_BYTES = 16 * 1024 * 1024

/** `ended`: by the provider, in order. `left`: by `onRead`. `broken`: by the socket, or by an abort of the request. */
export type BodyEnd = 'ended' | 'left' | 'too_long' | 'broken'

/**
 * Hands out a body read by read, decoded with characters kept whole, until it ends or `onRead` returns false. Leaves no socket open: one
 * whose body has not ended is closed. Rejects only with what `onRead` throws.
 */
export function readBody(body: Readable, onRead: (text: string) => boolean): Promise<BodyEnd> {
  const decoder = new StringDecoder('utf8')
  let bytes = 0
  return new Promise((resolve, reject) => {
    function leave(settle: () => void): void {
      body.off('data', read)
      settle()
      body.destroy()
    }
    function read(chunk: Buffer): void {
      bytes += chunk.length
      try {
        if (bytes > MAXIMUM_BODY_BYTES) leave(() => resolve('too_long'))
        else if (!onRead(decoder.write(chunk))) leave(() => resolve('left'))
      } catch (error) {
        leave(() => reject(error))
      }
    }
    body.on('data', read)
    body.once('end', () => resolve('ended'))
    body.on('error', () => resolve('broken'))
    body.once('close', () => resolve('broken'))
  })
}
