import type { XmlHandlers } from '../xml.ts'
import type { HeadingStyles, ListFormats } from './docx-styles.ts'
import { type TextSink, tableRow } from './text-sink.ts'

export interface DocxWriterOptions {
  headings: HeadingStyles
  lists: ListFormats
  /** The number of each note by its kind and id, in the order in which the text names them. */
  notes: Map<string, number>
  sink: TextSink
}

/** Deleted text, the old place of moved text, the second version of a drawing, field codes, tab stops: all that is there and not to be read. */
const SKIPPED = new Set(['del', 'moveFrom', 'Fallback', 'delText', 'instrText', 'tabs'])
/** Notes that are lines between notes. */
const RULES = new Set(['separator', 'continuationSeparator', 'continuationNotice'])

/** Writes what it reads of a document's body or notes, a paragraph or a row of a table at a time. */
export function createDocxWriter({ headings, lists, notes, sink }: DocxWriterOptions): XmlHandlers {
  const items = createListCounters(lists)
  let skipping = 0
  let inText = false
  let tables = 0
  /** Of the outermost table; the inner ones become text of its cells. */
  let row: string[] = []
  let paragraph = { text: '', mark: '', listId: '', level: 0 }

  const endParagraph = () => {
    const { text, mark, listId, level } = paragraph
    paragraph = { text: '', mark: '', listId: '', level: 0 }
    if (tables > 0 && row.length > 0) row[row.length - 1] += `${text} `
    else if (text.trim() === '') sink.write('\n')
    else if (mark !== '') sink.write(`${mark}${text.trim()}\n`)
    else sink.write(`${listId === '' ? '' : items.next(listId, level)}${text.trimEnd()}\n`)
  }
  const refer = (kind: string, id = '') => {
    const key = `${kind}:${id}`
    notes.set(key, notes.get(key) ?? notes.size + 1)
    paragraph.text += `[${notes.get(key)}]`
  }
  const begin: Record<string, (attributes: Record<string, string>) => void> = {
    tbl: () => void (tables += 1),
    tr: () => void (row = tables === 1 ? [] : row),
    tc: () => void (tables === 1 && row.push('')),
    t: () => void (inText = true),
    tab: () => void (paragraph.text += '\t'),
    br: () => void (paragraph.text += '\n'),
    cr: () => void (paragraph.text += '\n'),
    noBreakHyphen: () => void (paragraph.text += '-'),
    pStyle: ({ val = '' }) => void (paragraph.mark = headings.has(val) ? `${'#'.repeat(headings.get(val)!)} ` : ''),
    numId: ({ val = '' }) => void (paragraph.listId = val === '0' ? '' : val),
    ilvl: ({ val = '0' }) => void (paragraph.level = Number(val)),
    footnoteReference: ({ id }) => refer('footnote', id),
    endnoteReference: ({ id }) => refer('endnote', id),
    footnote: ({ id }) => void (paragraph.mark = `[${notes.get(`footnote:${id}`) ?? id}] `),
    endnote: ({ id }) => void (paragraph.mark = `[${notes.get(`endnote:${id}`) ?? id}] `),
  }
  const end: Record<string, () => void> = {
    t: () => void (inText = false),
    p: endParagraph,
    tr: () => void (tables === 1 && sink.write(tableRow(row))),
    tbl: () => void (tables -= 1),
  }
  return {
    open(name, attributes) {
      if (skipping > 0 || SKIPPED.has(name) || RULES.has(attributes.type ?? '')) skipping += 1
      else begin[name]?.(attributes)
    },
    close(name) {
      if (skipping > 0) skipping -= 1
      else end[name]?.()
    },
    text(value) {
      if (inText && skipping === 0) paragraph.text += value
    },
    enough: () => sink.full,
  }
}

/** What stands in front of a list's item: a dash, or the number that its list has reached. */
function createListCounters(lists: ListFormats) {
  const reached = new Map<string, number>()
  return {
    next(listId: string, level: number): string {
      const key = `${listId}:${level}`
      // The lists below this one begin anew.
      for (const other of reached.keys()) if (other.startsWith(`${listId}:`) && Number(other.split(':')[1]) > level) reached.delete(other)
      const number = (reached.get(key) ?? 0) + 1
      reached.set(key, number)
      return `${'  '.repeat(level)}${lists.get(key) ? `${number}.` : '-'} `
    },
  }
}
