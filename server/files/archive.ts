import { promisify } from 'node:util'
import yauzl, { type Entry, type ZipFile } from 'yauzl'

// The ZIP archives that docx and xlsx are. Names are never used as paths: nothing is unpacked to disk.

/** Of all entries together, however small the archive is on disk (operations.md, Surviving). */
const INFLATED_MAXIMUM = 200 * 1024 * 1024
const RATIO_MAXIMUM = 100
/** Office files have dozens of entries, those with very many pictures thousands. */
const ENTRIES_MAXIMUM = 10_000
const SYMLINK = 0o120000
const FILE_TYPE = 0o170000
const NESTED = /\.(zip|7z|rar|tar|gz|tgz|bz2|xz|jar|docx|xlsx|pptx|odt|ods)$/i
/** Where Office keeps the documents that were put into a document. */
const EMBEDDED = /^(word|xl)\/embeddings\//

/** An archive that is broken, or that nobody should unpack; the message is a sentence for people. */
export class UnsafeArchive extends Error {
  override name = 'UnsafeArchive'
}

export interface Archive {
  /** By name; every entry is a file. */
  entries: Map<string, Entry>
  /** The bytes of an entry, a chunk at a time. */
  open(entry: Entry): AsyncIterable<Buffer>
  close(): void
}

const OPTIONS = { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true } as const
const fromPath = promisify<string, typeof OPTIONS, ZipFile>(yauzl.open)
const fromBytes = promisify<Buffer, typeof OPTIONS, ZipFile>(yauzl.fromBuffer)

/** Reads the table of contents and refuses what that alone shows to be unsafe. `archive` is a path or the bytes themselves. */
export async function openArchive(archive: string | Buffer, size: number): Promise<Archive> {
  const zip = await (typeof archive === 'string' ? fromPath(archive, OPTIONS) : fromBytes(archive, OPTIONS)).catch(error => {
    throw brokenArchive(error)
  })
  try {
    return { entries: await safeEntries(zip, size), open: entry => contentOf(zip, entry), close: () => zip.close() }
  } catch (error) {
    zip.close()
    throw error
  }
}

function safeEntries(zip: ZipFile, size: number): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  let inflated = 0
  return new Promise((resolve, reject) => {
    if (zip.entryCount > ENTRIES_MAXIMUM) reject(new UnsafeArchive('It holds too many parts.'))
    zip.on('error', error => reject(brokenArchive(error)))
    zip.on('end', () => resolve(entries))
    zip.on('entry', (entry: Entry) => {
      inflated += entry.uncompressedSize
      const problem = problemOf(entry, entries) ?? (isBomb(inflated, size) ? BOMB : null)
      if (problem) return reject(new UnsafeArchive(problem))
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry)
      zip.readEntry()
    })
    zip.readEntry()
  })
}

function problemOf(entry: Entry, earlier: Map<string, Entry>): string | null {
  const { fileName, externalFileAttributes } = entry
  if (entry.isEncrypted()) return 'It is protected by a password.'
  if (((externalFileAttributes >>> 16) & FILE_TYPE) === SYMLINK) return 'It holds a symbolic link.'
  if (NESTED.test(fileName) && !EMBEDDED.test(fileName)) return 'It holds another archive.'
  if (earlier.has(fileName)) return 'It holds two parts of one name.'
  return null
}

const BOMB = 'Unpacked it would be too large.'

const isBomb = (inflated: number, size: number) => inflated > INFLATED_MAXIMUM || inflated > size * RATIO_MAXIMUM

/** Inflates everything once and counts what really comes out: the sizes that an archive claims may lie. */
export async function demandHarmlessSize(archive: Archive, size: number): Promise<void> {
  let inflated = 0
  for (const entry of archive.entries.values()) {
    for await (const chunk of archive.open(entry)) {
      inflated += chunk.length
      if (isBomb(inflated, size)) throw new UnsafeArchive(BOMB)
    }
  }
}

async function* contentOf(zip: ZipFile, entry: Entry): AsyncIterable<Buffer> {
  try {
    const open = promisify<Entry, import('node:stream').Readable>(zip.openReadStream.bind(zip))
    yield* await open(entry)
  } catch (error) {
    throw brokenArchive(error)
  }
}

const brokenArchive = (cause: unknown) => new UnsafeArchive('Its archive is damaged.', { cause })
