import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Goal, isMet, limitText, type Measured, shown } from '../results.ts'
import { chart } from './chart.ts'
import { cellText } from './table.ts'

// What `--write` keeps: the results as data, the chart, and the tables between the two marks of docs/performance.md.

const docs = path.join(import.meta.dirname, '..', '..', 'docs')
const PAGE = path.join(docs, 'performance.md')
const RESULTS = path.join(docs, 'performance.json')
const CHART = path.join(docs, 'performance.svg')
const BEGIN = '<!-- written by npm run bench -- --write: begin -->'
const END = '<!-- end -->'

/** Each section as it was measured last. */
export function writePage(measured: Measured[]): void {
  const kept: Measured[] = existsSync(RESULTS) ? JSON.parse(readFileSync(RESULTS, 'utf8')) : []
  const all = merged(kept, measured)
  writeFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`)
  writeFileSync(CHART, chart(all))
  writeFileSync(PAGE, between(readFileSync(PAGE, 'utf8'), pageTables(all)))
}

export function merged(kept: Measured[], measured: Measured[]): Measured[] {
  const fresh = new Set(measured.map(({ key }) => key))
  return [...kept.filter(({ key }) => !fresh.has(key)), ...measured].sort((a, b) => a.key.localeCompare(b.key))
}

function between(page: string, text: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has lost its marks.`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`
}

const pageTables = (all: Measured[]): string => [promises(all), ...all.map(section)].join('\n\n')

function promises(all: Measured[]): string {
  const rows = all.flatMap(({ key, goals }) => goals.map(goal => `| ${key} | ${goalCells(goal).join(' | ')} |`))
  return ['| | promise | found (from, to) | promised | |', '|---|---|---|---|---|', ...rows].join('\n')
}

const goalCells = (goal: Goal) => [goal.what, `${shown(goal.finding)} ${goal.unit}`, limitText(goal), isMet(goal) ? 'holds' : '**missed**']

function section({ key, title, work, columns, rows, date, commit, machine, quick }: Measured): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const table = [
    line(columns),
    line(columns.map((_, column) => (column === 0 ? '---' : '---:'))),
    ...rows.map(row => line(row.map(cellText))),
  ]
  const found = `${date}, commit ${commit}, ${machine}${quick ? ', quick form' : ''}: \`npm run bench -- ${key}${quick ? ' --quick' : ''}\``
  return [`### (${key}) ${title}`, work, table.join('\n'), found].join('\n\n')
}
