import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { MISSED_EXIT_CODE, type SectionResult } from '../results.ts'
import { POSTGRES } from '../servers.ts'
import type { Stage } from '../stage.ts'
import { finding } from '../statistics.ts'

const LISTS = path.join(import.meta.dirname, '..', 'lists.ts')
/** Who asks, for what, and how long half, nineteen of twenty, and all of the answers took. */
const LINE = /^(.{14})(.{38}) p50 +([\d.]+) ms {2}p95 +([\d.]+) ms {2}max +([\d.]+) ms/
const LIST_MS = 10
const ADMIN_MS = 100

/** (g) Lists, history and the administrator's figures, at a million messages and ten million model calls (bench/lists.ts). */
export async function lists(stage: Stage): Promise<SectionResult> {
  const scale = stage.quick ? '0.01' : '1'
  const child = spawn(process.execPath, [LISTS, POSTGRES], { env: { ...process.env, SCALE: scale }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const rows: (string | number)[][] = []
  for await (const line of createInterface({ input: child.stdout })) {
    const read = LINE.exec(line)
    if (read) rows.push([`${read[1]!.trim()}: ${read[2]!.trim()}`, Number(read[3]), Number(read[4]), Number(read[5])])
  }
  const [code] = await ended
  if (code !== 0 && code !== MISSED_EXIT_CODE) throw new Error('bench/lists.ts did not measure everything.')
  const slowest = (figures: boolean) => Math.max(...rows.filter(([name]) => isFigures(String(name)) === figures).map(row => Number(row[2])))
  return {
    title: 'Lists, history and figures',
    work: `A million messages and ten million model calls in PostgreSQL${scale === '1' ? '' : `, times ${scale}`}; every list through the program's own routes, 100 times, one at a time.`,
    columns: ['', 'p50, ms', 'p95, ms', 'slowest, ms'],
    rows,
    goals: [
      { what: 'slowest list, p95', finding: finding([slowest(false)]), unit: 'ms', limit: LIST_MS, limitIs: 'most' },
      {
        what: "slowest of the administrator's figures, p95",
        finding: finding([slowest(true)]),
        unit: 'ms',
        limit: ADMIN_MS,
        limitIs: 'most',
      },
    ],
  }
}

const isFigures = (name: string) => /: (summary|usage page|active users)/.test(name)
