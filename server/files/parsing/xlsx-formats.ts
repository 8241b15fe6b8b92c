import type { Entry } from 'yauzl'
import type { Archive } from '../archive.ts'
import { readXml } from '../xml.ts'

/** How the number of a cell is meant. */
export type NumberMeaning = 'number' | 'percent' | 'date' | 'time' | 'date-time'

/** By the index that cells name. */
export async function readNumberMeanings(archive: Archive, styles: Entry | undefined): Promise<NumberMeaning[]> {
  const codes = new Map<number, string>()
  const meanings: NumberMeaning[] = []
  let inCellFormats = false
  if (styles)
    await readXml(archive.open(styles), {
      open(name, { numFmtId = '0', formatCode = '' }) {
        if (name === 'cellXfs') inCellFormats = true
        if (name === 'numFmt') codes.set(Number(numFmtId), formatCode)
        if (name === 'xf' && inCellFormats) meanings.push(meaningOf(Number(numFmtId), codes))
      },
      close(name) {
        if (name === 'cellXfs') inCellFormats = false
      },
    })
  return meanings
}

function meaningOf(id: number, codes: Map<number, string>): NumberMeaning {
  const code = codes.get(id)
  return code === undefined ? (BUILT_IN[id] ?? 'number') : meaningOfCode(code)
}

/** Source: ECMA-376, part 1, 18.8.30. */
const BUILT_IN: Record<number, NumberMeaning> = {
  ...{ 9: 'percent', 10: 'percent', 14: 'date', 15: 'date', 16: 'date', 17: 'date' },
  ...{ 18: 'time', 19: 'time', 20: 'time', 21: 'time', 22: 'date-time', 45: 'time', 46: 'time', 47: 'time' },
}

function meaningOfCode(code: string): NumberMeaning {
  // Without texts, escaped characters, colours and locales, in which any letter may stand.
  const plain = code.replace(/"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]/gi, '').toLowerCase()
  const date = /[yd]/.test(plain)
  const time = /[hs]/.test(plain)
  if (date && time) return 'date-time'
  if (date || (!time && /m/.test(plain))) return 'date'
  if (time) return 'time'
  return plain.includes('%') ? 'percent' : 'number'
}

const DAY_MS = 86_400_000
const DAYS_TO_1970 = 25_569
const DAYS_FROM_1904 = 1_462

/** As a person would read it: `2026-01-15`, `08:30`, `12.5%`, a number without the dust of binary fractions. */
export function shownNumber(value: string, meaning: NumberMeaning, dates1904: boolean): string {
  const number = Number(value)
  if (!Number.isFinite(number)) return value
  if (meaning === 'number') return plainNumber(number)
  if (meaning === 'percent') return `${plainNumber(number * 100)}%`
  return shownTime(number + (dates1904 ? DAYS_FROM_1904 : 0), meaning) ?? plainNumber(number)
}

/** A spreadsheet keeps 15 digits. */
const plainNumber = (number: number): string => String(Number(number.toPrecision(15)))

function shownTime(days: number, meaning: 'date' | 'time' | 'date-time'): string | null {
  // Times of day are fractions: rounded to the second, half past two is not 14:29:59.999.
  const time = new Date(Math.round((days - DAYS_TO_1970) * DAY_MS * 0.001) * 1000)
  if (Number.isNaN(time.getTime()) || days < 0 || days >= 2_958_466) return null
  const [date = '', clock = ''] = time.toISOString().slice(0, 19).split('T')
  const short = clock.endsWith(':00') ? clock.slice(0, 5) : clock
  if (meaning === 'time') return days < 1 ? short : `${Math.floor(days) * 24 + Number(short.slice(0, 2))}${short.slice(2)}`
  return meaning === 'date' && clock === '00:00:00' ? date : `${date} ${short}`
}
