import type { Entry } from 'yauzl'
import type { Archive } from '../archive.ts'
import { mainPart, type OfficeParts } from '../office-parts.ts'
import { readXml } from '../xml.ts'
import { readHeadingStyles, readListFormats } from './docx-styles.ts'
import { createDocxWriter } from './docx-writer.ts'
import type { TextSink } from './text-sink.ts'

const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.'

/** Paragraphs, headings, lists and tables of the body as plain text, its footnotes behind it. Source: ECMA-376, part 1, 17. */
export async function parseDocx(archive: Archive, parts: OfficeParts, sink: TextSink): Promise<void> {
  const part = (name: string): Entry | undefined => parts.get(`${WORD}${name}+xml`)?.[0]
  const headings = await readHeadingStyles(archive, part('styles'))
  const lists = await readListFormats(archive, part('numbering'))
  const notes = new Map<string, number>()
  const write = async (entry: Entry | undefined) => {
    if (entry && !sink.full) await readXml(archive.open(entry), createDocxWriter({ headings, lists, notes, sink }))
  }
  await write(mainPart(parts, 'docx'))
  await write(part('footnotes'))
  await write(part('endnotes'))
}
