import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** An upload on the local disk: not stored yet, not looked into. Whoever receives it discards it. */
export interface ReceivedFile {
  path: string
  size: number
  /** Lower-case hex. */
  sha256: string
  discard(): Promise<void>
}

/**
 * Writes what arrives to a file of the system's temporary folder, a chunk at a time; null when it is longer than `maximumBytes`.
 * An S3 store must know the length beforehand, and an archive is read from its end: both need the whole file at hand, off the heap.
 */
export async function receiveFile(stream: Readable, maximumBytes: number): Promise<ReceivedFile | null> {
  const place = path.join(tmpdir(), `pantheon-upload-${randomUUID()}`)
  const discard = () => rm(place, { force: true })
  const hash = createHash('sha256')
  let size = 0
  const measured = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      size += chunk.length
      hash.update(chunk)
      // Read on to the end all the same: a client that is still sending would not hear the answer.
      if (size <= maximumBytes) yield chunk
    }
  }
  try {
    await pipeline(stream, measured, createWriteStream(place, { mode: 0o600, flags: 'wx' }))
  } catch (error) {
    await discard()
    throw error
  }
  if (size <= maximumBytes) return { path: place, size, sha256: hash.digest('hex'), discard }
  await discard()
  return null
}
