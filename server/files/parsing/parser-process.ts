import { writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { FileKind } from '../../../contract/files.ts'
import { demandHarmlessSize, openArchive, UnsafeArchive } from '../archive.ts'
import { officeParts } from '../office-parts.ts'
import { BinaryText } from '../text-decoding.ts'
import { createTextSink, type TextSink } from './text-sink.ts'
import { UnreadableFile } from './unreadable-file.ts'

// A process of its own, started by parse-file.ts: the file comes in on standard input, its text goes out on standard output. It exits with 0
// after a text, with UNREADABLE after a sentence that says why there is none.

export const UNREADABLE = 3

async function parse(kind: FileKind, bytes: Buffer, sink: TextSink): Promise<void> {
  switch (kind) {
    case 'pdf':
      return (await import('./parse-pdf.ts')).parsePdf(bytes, sink)
    case 'csv':
      return (await import('./parse-text.ts')).parseCsv(bytes, sink)
    case 'txt':
    case 'md':
      return (await import('./parse-text.ts')).parseText(bytes, sink)
    default:
      return await parseOffice(kind, bytes, sink)
  }
}

async function parseOffice(kind: 'docx' | 'xlsx', bytes: Buffer, sink: TextSink): Promise<void> {
  const archive = await openArchive(bytes, bytes.length)
  await demandHarmlessSize(archive, bytes.length)
  const parts = await officeParts(archive, kind)
  if (!parts) throw new UnreadableFile(`It is no .${kind}.`)
  if (kind === 'docx') await (await import('./parse-docx.ts')).parseDocx(archive, parts, sink)
  else await (await import('./parse-xlsx.ts')).parseXlsx(archive, parts, sink)
}

const isExpected = (error: unknown): error is Error =>
  error instanceof UnreadableFile || error instanceof UnsafeArchive || error instanceof BinaryText

async function readInput(): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A pipe takes as much as it holds; a synchronous write to it fails for a moment where it is full. */
function writeOut(bytes: Buffer): void {
  for (let start = 0; start < bytes.length; ) {
    try {
      start += writeSync(1, bytes, start)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

/** Of the time there is: then what has been read is told, rather than nothing. */
const READING_SHARE = 0.6

async function main([kind, rssBytes, milliseconds, parentPid]: string[]): Promise<number> {
  const workerData = { rssBytes: Number(rssBytes), milliseconds: Number(milliseconds), parentPid: Number(parentPid) }
  new Worker(new URL('./watchdog.ts', import.meta.url), { workerData }).unref()
  const sink = createTextSink(Number(milliseconds) * READING_SHARE)
  try {
    await parse(kind as FileKind, await readInput(), sink)
  } catch (error) {
    writeOut(Buffer.from(isExpected(error) ? error.message : 'It cannot be read: it is damaged, or of an unknown kind.'))
    return UNREADABLE
  }
  for (const bytes of sink.bytes()) writeOut(bytes)
  return 0
}

process.exit(await main(process.argv.slice(2)))
