import { parseArgs } from 'node:util'
import { commit, machine } from './machine.ts'
import { writePage } from './report/page.ts'
import { sectionAsText } from './report/table.ts'
import type { Measured } from './results.ts'
import { sections, usualSections } from './sections.ts'
import { openStage } from './stage.ts'

// Measures what docs/performance.md promises; without letters all but (g), which seeds ten million rows.
// npm run bench -- [a b c …] [--quick] [--peers] [--write] [--profiles <folder>]: measures the sections named, or all of them, and prints what was found.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    profiles: { type: 'string' },
  },
})
const unknown = positionals.find(key => !(key in sections))
if (unknown !== undefined) throw new Error(`There is no section ${unknown}; there are ${Object.keys(sections).join(' ')}.`)
const keys = positionals.length > 0 ? positionals : usualSections

const stage = openStage({ quick: values.quick, withPeers: values.peers, profiles: values.profiles ?? null })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stage.end().finally(() => process.exit(1)))
try {
  console.log(`${machine()}; commit ${commit()}\n`)
  for (const key of keys) {
    const begun = performance.now()
    const result = await sections[key]!(stage)
    const found: Measured = {
      key,
      quick: values.quick,
      date: new Date().toISOString().slice(0, 10),
      commit: commit(),
      machine: machine(),
      ...result,
    }
    console.log(sectionAsText(found))
    if (values.write) writePage([found])
    console.log(`(${Math.round((performance.now() - begun) / 1000)} s)\n`)
  }
} finally {
  await stage.end()
}
