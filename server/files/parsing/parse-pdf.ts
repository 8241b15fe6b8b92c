import { getDocumentProxy } from 'unpdf'
import type { TextSink } from './text-sink.ts'
import { UnreadableFile } from './unreadable-file.ts'

/** `transform`: horizontal and vertical scale and skew, then x and y of the baseline's start. */
type TextItem = Pick<Extract<PageItem, { str: string }>, 'str' | 'transform' | 'width' | 'height' | 'hasEOL'>
type PageItem = Awaited<ReturnType<PdfPage['getTextContent']>>['items'][number]
type PdfPage = Awaited<ReturnType<Awaited<ReturnType<typeof getDocumentProxy>>['getPage']>>

/** The text of every page, line by line; parts of a line that stand apart, as the cells of a table do, are separated by tabs. */
export async function parsePdf(bytes: Buffer, sink: TextSink): Promise<void> {
  const pdf = await getDocumentProxy(new Uint8Array(bytes)).catch(error => {
    throw new UnreadableFile(error?.name === 'PasswordException' ? 'It is protected by a password.' : 'It is no valid PDF.')
  })
  for (let number = 1; number <= pdf.numPages && !sink.full; number += 1) {
    const page = await pdf.getPage(number)
    const { items } = await page.getTextContent()
    sink.write(linesOf(items.filter(item => 'str' in item)))
    sink.write('\n')
    page.cleanup()
  }
}

/** In widths of the letter height: more than this between two parts of a line, and they are cells. */
const CELL_GAP = 1.2
const WORD_GAP = 0.15
const SAME_LINE = 0.35

function linesOf(items: TextItem[]): string {
  let text = ''
  let before: TextItem | null = null
  for (const item of items) {
    // White space is drawn as wide as the gap it stands for: where the next word begins says the same.
    if (item.str.trim() === '') continue
    text += before ? separator(before, item) : ''
    text += item.str.replace(/\s+/g, ' ')
    before = item
  }
  return text === '' ? '' : `${text}\n`
}

function separator(before: TextItem, item: TextItem): string {
  const height = before.height || Math.abs(before.transform[3] ?? 0) || 1
  if (Math.abs(yOf(before) - yOf(item)) > height * SAME_LINE && !isSuperscript(before, item)) return '\n'
  const gap = xOf(item) - (xOf(before) + before.width)
  if (gap < -height * CELL_GAP) return '\n'
  if (gap > height * CELL_GAP) return '\t'
  return gap > height * WORD_GAP && !/\s$/.test(before.str) && !/^\s/.test(item.str) ? ' ' : ''
}

/** Set higher and smaller right behind a word, or the word that follows such a mark. */
const isSuperscript = (before: TextItem, item: TextItem): boolean =>
  before.height !== item.height && !before.hasEOL && Math.abs(yOf(before) - yOf(item)) < Math.max(before.height, item.height) * 0.8

const xOf = (item: TextItem): number => item.transform[4] ?? 0
const yOf = (item: TextItem): number => item.transform[5] ?? 0
