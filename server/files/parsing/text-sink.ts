/** Collects the parsed text up to its bounds; what lies beyond is dropped, and the end says so. */
export interface TextSink {
  write(text: string): void
  /** True once nothing more is taken: whoever reads may stop. */
  readonly full: boolean
  /** UTF-8. */
  bytes(): Buffer[]
}

/** Every file of the largest default size fits in whole, UTF-16 turned into UTF-8 included. */
const TEXT_BYTES_MAXIMUM = 16 * 1024 * 1024

const TOO_LONG = '\n\n[The text of this file is longer than can be kept; it was cut here.]\n'
const TOO_SLOW = '\n\n[This file takes very long to read; its text was cut here.]\n'
const BATCH_CHARACTERS = 65_536

/** `milliseconds`: how long to read, from now on. */
export function createTextSink(milliseconds: number, maximumBytes = TEXT_BYTES_MAXIMUM): TextSink {
  const until = performance.now() + milliseconds
  const chunks: Buffer[] = []
  let pending = ''
  let size = 0
  let full = false
  const flush = () => {
    // The database stores no NUL.
    const bytes = Buffer.from(pending.replaceAll('\0', ''), 'utf8')
    pending = ''
    chunks.push(wholeCharacters(bytes, maximumBytes - size))
    size += bytes.length
    full = size > maximumBytes || performance.now() > until
    if (full) chunks.push(Buffer.from(size > maximumBytes ? TOO_LONG : TOO_SLOW))
  }
  return {
    write(text) {
      if (full) return
      pending += text
      if (pending.length >= BATCH_CHARACTERS) flush()
    },
    get full() {
      if (!full && performance.now() > until) flush()
      return full
    },
    bytes() {
      if (!full && pending !== '') flush()
      return chunks
    },
  }
}

/** At most `length` bytes, none of them of a character that is cut in two. */
function wholeCharacters(bytes: Buffer, length: number): Buffer {
  if (bytes.length <= length) return bytes
  let end = length
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1
  return bytes.subarray(0, end)
}

/** One row of a table on one line, cells between tabs; white space inside a cell is one space, empty cells at the end are left out. */
export const tableRow = (cells: string[]): string => `${cells.map(oneLine).join('\t').replace(/\t+$/, '')}\n`

const oneLine = (cell: string): string => (/^ |\s\s|[^\S ]| $/.test(cell) ? cell.replace(/\s+/g, ' ').trim() : cell)
