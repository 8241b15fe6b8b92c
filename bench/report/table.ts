import { type Goal, isMet, limitText, type Measured, rounded, shown } from '../results.ts'

/** One section as plain text for a terminal. */
export function sectionAsText({ key, title, work, columns, rows, goals }: Measured): string {
  const table = aligned([columns, ...rows.map(row => row.map(cellText))])
  return [`(${key}) ${title}`, work, '', ...table, '', ...goals.map(goalLine), ''].join('\n')
}

export const cellText = (cell: string | number): string => (typeof cell === 'number' ? rounded(cell) : cell)

function aligned(rows: string[][]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '))
}

const goalLine = (goal: Goal): string =>
  `${isMet(goal) ? 'holds ' : 'MISSED'}  ${goal.what}: ${shown(goal.finding)} ${goal.unit}, promised ${limitText(goal)}`
