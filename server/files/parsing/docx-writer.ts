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
    else if (mark !== '') sink.write(`${mark} ${text.trim()}\n`)
    else sink.write(`${listId === '' ? '' : items.next(listId, level)}${text.trimEnd()}\n`)
  }
  const refer = (note: string): string => {
    notes.set(note, notes.get(note) ?? notes.size + 1)
    return `[${notes.get(note)}]`
  }
  const begin = (name: string, { val = '', id = '' }: Record<string, string>) => {
    switch (name) {
      case 'tbl':
        tables += 1
        break
      case 'tr':
        if (tables === 1) row = []
        break
      case 'tc':
        if (tables === 1) row.push('')
        break
      case 't':
        inText = true
        break
      case 'tab':
        paragraph.text += '\t'
        break
      case 'br':
      case 'cr':
        paragraph.text += '\n'
        break
      case 'noBreakHyphen':
        paragraph.text += '-'
        break
      case 'pStyle':
        if (headings.has(val)) paragraph.mark = '#'.repeat(headings.get(val)!)
        break
      case 'numId':
        paragraph.listId = val === '0' ? '' : val
        break
      case 'ilvl':
        paragraph.level = Number(val)
        break
      case 'footnoteReference':
      case 'endnoteReference':
        paragraph.text += refer(`${name}:${id}`)
        break
      case 'footnote':
      case 'endnote':
        paragraph.mark = refer(`${name}Reference:${id}`)
        break
    }
  }
  const end = (name: string) => {
    if (name === 't') inText = false
    if (name === 'p') endParagraph()
    if (name === 'tr' && tables === 1) sink.write(tableRow(row))
    if (name === 'tbl') tables -= 1
  }
  return {
    open(name, attributes) {
      if (skipping > 0 || SKIPPED.has(name) || RULES.has(attributes.type ?? '')) skipping += 1
      else begin(name, attributes)
    },
    close(name) {
      if (skipping > 0) skipping -= 1
      else end(name)
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
