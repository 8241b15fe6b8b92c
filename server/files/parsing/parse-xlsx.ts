import type { Entry } from 'yauzl'
import type { Archive } from '../archive.ts'
import { mainPart, type OfficeParts } from '../office-parts.ts'
import { readXml } from '../xml.ts'
import { type TextSink, tableRow } from './text-sink.ts'
import { type NumberMeaning, readNumberMeanings, shownNumber } from './xlsx-formats.ts'

const SHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml.'

/** The visible sheets in their order, each under its name, rows on lines, cells between tabs. Source: ECMA-376, part 1, 18. */
export async function parseXlsx(archive: Archive, parts: OfficeParts, sink: TextSink): Promise<void> {
  const workbook = mainPart(parts, 'xlsx')
  const book = await readBook(archive, workbook)
  const part = (name: string): Entry | undefined => parts.get(`${SHEET}${name}+xml`)?.[0]
  const reading = {
    texts: await readSharedTexts(archive, part('sharedStrings')),
    meanings: await readNumberMeanings(archive, part('styles')),
    dates1904: book.dates1904,
    sink,
  }
  const targets = await readTargets(archive, workbook)
  for (const { name, relationId } of book.sheets) {
    const entry = archive.entries.get(targets.get(relationId) ?? '')
    if (!entry || sink.full) continue
    sink.write(`# ${name}\n`)
    await writeSheet(archive, entry, reading)
    sink.write('\n')
  }
}

interface Book {
  sheets: { name: string; relationId: string }[]
  dates1904: boolean
}

async function readBook(archive: Archive, workbook: Entry): Promise<Book> {
  const book: Book = { sheets: [], dates1904: false }
  await readXml(archive.open(workbook), {
    open(name, attributes) {
      if (name === 'workbookPr') book.dates1904 = attributes.date1904 === '1' || attributes.date1904 === 'true'
      const visible = name === 'sheet' && (attributes.state ?? 'visible') === 'visible'
      if (visible) book.sheets.push({ name: attributes.name ?? '', relationId: attributes.id ?? '' })
    },
  })
  return book
}

/** The names of the parts that the workbook's relations point at. */
async function readTargets(archive: Archive, { fileName }: Entry): Promise<Map<string, string>> {
  const folder = fileName.slice(0, fileName.lastIndexOf('/') + 1)
  const relations = archive.entries.get(`${folder}_rels/${fileName.slice(folder.length)}.rels`)
  const targets = new Map<string, string>()
  if (relations)
    await readXml(archive.open(relations), {
      open(name, { Id = '', Target = '' }) {
        if (name === 'Relationship') targets.set(Id, Target.startsWith('/') ? Target.slice(1) : folder + Target)
      },
    })
  return targets
}

/** Texts that cells share, by their index; how they are spoken (`rPh`) is left out. */
async function readSharedTexts(archive: Archive, sharedStrings: Entry | undefined): Promise<string[]> {
  const texts: string[] = []
  let inText = false
  let spoken = false
  if (sharedStrings)
    await readXml(archive.open(sharedStrings), {
      open(name) {
        if (name === 'si') texts.push('')
        if (name === 'rPh') spoken = true
        if (name === 't') inText = !spoken
      },
      close(name) {
        if (name === 'rPh') spoken = false
        if (name === 't') inText = false
      },
      text(value) {
        if (inText) texts[texts.length - 1] += value
      },
    })
  return texts
}

interface SheetReading {
  texts: string[]
  meanings: NumberMeaning[]
  dates1904: boolean
  sink: TextSink
}

const COLUMNS_MAXIMUM = 16_384

async function writeSheet(archive: Archive, sheet: Entry, reading: SheetReading): Promise<void> {
  let row: string[] = []
  let cell = { column: 0, type: 'n', style: 0, value: '' }
  let inValue = false
  await readXml(archive.open(sheet), {
    open(name, { r = '', t = 'n', s = '0' }) {
      if (name === 'row') row = []
      // Rows and cells may come without their places: then they follow one another.
      if (name === 'c') cell = { column: columnOf(r) ?? row.length, type: t, style: Number(s), value: '' }
      // `v` is a value, `t` a text that stands in the cell itself; `f`, the formula, is not read.
      if (name === 'v' || name === 't') inValue = true
    },
    close(name) {
      if (name === 'v' || name === 't') inValue = false
      if (name === 'c' && cell.value !== '' && cell.column < COLUMNS_MAXIMUM) {
        while (row.length < cell.column) row.push('')
        row[cell.column] = shownCell(cell, reading)
      }
      if (name === 'row' && row.some(text => text !== '')) reading.sink.write(tableRow(row))
    },
    text(value) {
      if (inValue) cell.value += value
    },
    enough: () => reading.sink.full,
  })
}

/** `"C7"` is column 2. */
function columnOf(reference: string): number | null {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0]
  if (!letters) return null
  return [...letters].reduce((column, letter) => column * 26 + letter.charCodeAt(0) - 64, 0) - 1
}

function shownCell({ type, style, value }: { type: string; style: number; value: string }, reading: SheetReading): string {
  if (type === 's') return reading.texts[Number(value)] ?? ''
  if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE'
  if (type === 'n') return shownNumber(value, reading.meanings[style] ?? 'number', reading.dates1904)
  return value
}
