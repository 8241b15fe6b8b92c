import { rmSync } from 'node:fs'
import path from 'node:path'
import { installSize } from '../install-size.ts'
import { startProduct } from '../product.ts'
import type { SectionResult } from '../results.ts'
import type { Stage } from '../stage.ts'
import { finding } from '../statistics.ts'

/** (h) From `node server/main.mjs` to the first answer out of the database, on an empty folder and on one that is known; and what it takes on disk. */
export async function starts(stage: Stage): Promise<SectionResult> {
  const dataDir = path.join(stage.folder, 'starts')
  const endpointUrl = (await stage.endpoint()).url
  const startMs = async () => {
    const product = await startProduct({ dataDir, endpointUrl })
    await product.end()
    return product.startedInMs
  }
  const rounds = stage.quick ? 2 : 5
  const [first, second]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    rmSync(dataDir, { recursive: true, force: true })
    first.push(await startMs())
    second.push(await startMs())
  }
  const { all, serving } = installSize()
  return {
    title: 'Start and size',
    work: `From the start of the process to the first answered request (GET /ready, which asks the database), embedded; ${rounds} times. The first start makes the database, the second finds it; both run what npm ci has built and compiled.`,
    columns: ['', ''],
    rows: [
      ['first start, ms', finding(first).value],
      ['second start, ms', finding(second).value],
      ['node_modules after npm ci, MB', all],
      ['of that what serving needs, Node and PostgreSQL included, MB', serving],
    ],
    goals: [{ what: 'second start to the first answered request', finding: finding(second), unit: 'ms', limit: 1500, limitIs: 'most' }],
  }
}
