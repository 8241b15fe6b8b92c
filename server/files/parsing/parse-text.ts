import { parse } from 'csv-parse'
import { decodeText } from '../text-decoding.ts'
import { type TextSink, tableRow } from './text-sink.ts'
import { UnreadableFile } from './unreadable-file.ts'

/** Plain text and Markdown as they are, with one kind of line end. */
export async function parseText(bytes: Buffer, sink: TextSink): Promise<void> {
  let carriageReturn = false
  for await (const text of decodeText(slices(bytes))) {
    // A line end may lie across two slices.
    const whole: string = carriageReturn ? `\r${text}` : text
    carriageReturn = whole.endsWith('\r')
    sink.write((carriageReturn ? whole.slice(0, -1) : whole).replace(/\r\n?/g, '\n'))
    if (sink.full) return
  }
  if (carriageReturn) sink.write('\n')
}

const DELIMITERS = [',', ';', '\t', '|'] as const
const RECORD_MAXIMUM = 1024 * 1024

/** Rows on lines, cells between tabs. */
export async function parseCsv(bytes: Buffer, sink: TextSink): Promise<void> {
  const parser = parse({
    delimiter: delimiterOf(await firstLine(bytes)),
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: RECORD_MAXIMUM,
  })
  const feeding = feed(parser, bytes)
  try {
    for await (const row of parser as AsyncIterable<string[]>) {
      if (row.some(cell => cell.trim() !== '')) sink.write(tableRow(row))
      if (sink.full) return
    }
    await feeding
  } catch (error) {
    const { lines } = error as { lines?: number }
    throw new UnreadableFile(lines === undefined ? 'It is no valid CSV.' : `It is no valid CSV: line ${lines} cannot be read.`)
  }
}

async function feed(parser: ReturnType<typeof parse>, bytes: Buffer): Promise<void> {
  for await (const text of decodeText(slices(bytes))) {
    if (parser.destroyed) return
    if (!parser.write(text)) await new Promise(resolve => parser.once('drain', resolve).once('close', resolve))
  }
  parser.end()
}

async function firstLine(bytes: Buffer): Promise<string> {
  for await (const text of decodeText(slices(bytes))) return text.split(/\r?\n|\r/, 1)[0] ?? ''
  return ''
}

/** The one that occurs most often outside of quotes. */
function delimiterOf(line: string): string {
  const plain = line.replace(/"[^"]*"/g, '')
  const count = (delimiter: string) => plain.split(delimiter).length
  return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best), ',')
}

const SLICE_BYTES = 65_536

async function* slices(bytes: Buffer): AsyncIterable<Buffer> {
  for (let start = 0; start < bytes.length; start += SLICE_BYTES) yield bytes.subarray(start, start + SLICE_BYTES)
}
