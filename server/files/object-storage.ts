import type { Readable } from 'node:stream'

/** Where stored bytes lie. Keys are ours: random, of `[0-9a-f/-]`, never made from what a user wrote. */
export interface ObjectStorage {
  /** Stores the file at `path` under a new key; once it resolves the object outlives a crash. */
  put(key: string, path: string, contentType: string): Promise<void>
  /** The object's bytes; null when there is no such object. */
  get(key: string): Promise<Readable | null>
  /** Does nothing when there is no such object. */
  remove(key: string): Promise<void>
  /** Rejects, with words for the operator, when the storage cannot be used. */
  check(): Promise<void>
}
