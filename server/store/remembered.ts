import { LRUCache } from 'lru-cache'

/** Rows by what requests name them with, each remembered for a few seconds. */
export interface Remembered<Row extends object | null> {
  /** What is remembered under that key, or what `read` brings; whoever asks meanwhile shares the reading. That there is no row is not remembered. */
  get(key: string, read: () => Promise<Row>): Promise<Row>
  /** Rows that were changed are read anew, also by whoever asks while the old one is still being read. */
  forget(isMeant: (row: NonNullable<Row>) => boolean): void
}

const REMEMBERED_MAXIMUM = 10_000
/** A change holds within 5 s even where its signal is lost; the rest is for the reading itself. */
const REMEMBERED_MS = 4_000

export function createRemembered<Row extends object | null>(): Remembered<Row> {
  type IsMeant = (row: NonNullable<Row>) => boolean
  const remembered = new LRUCache<string, NonNullable<Row>>({ max: REMEMBERED_MAXIMUM, ttl: REMEMBERED_MS })
  /** Readings that began behind the last change. */
  const shared = new Map<string, Promise<Row>>()
  /** For each reading under way, what was changed since it began. */
  const changesSince = new Set<IsMeant[]>()

  const begin = (key: string, read: () => Promise<Row>): Promise<Row> => {
    const changes: IsMeant[] = []
    changesSince.add(changes)
    const keep = async () => {
      try {
        const row = await read()
        // A row that was changed while it was read may be the old one.
        if (row && !changes.some(isMeant => isMeant(row))) remembered.set(key, row)
        return row
      } finally {
        changesSince.delete(changes)
      }
    }
    const reading = keep()
    const unshare = () => {
      if (shared.get(key) === reading) shared.delete(key)
    }
    reading.then(unshare, unshare)
    shared.set(key, reading)
    return reading
  }
  return {
    async get(key, read) {
      return remembered.get(key) ?? (await (shared.get(key) ?? begin(key, read)))
    },
    forget(isMeant) {
      shared.clear()
      for (const changes of changesSince) changes.push(isMeant)
      for (const [key, row] of remembered.entries()) if (isMeant(row)) remembered.delete(key)
    },
  }
}
