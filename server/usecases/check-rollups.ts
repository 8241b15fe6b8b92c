import type { Database } from '../store/database.ts'
import { rollupDifferences } from '../store/rollup-check.ts'

interface CheckRollupsDependencies {
  database: Database
  log: { info(fields: object, message: string): void; error(fields: object, message: string): void }
}

const DAYS = 7

/** The calls are the truth. A difference is a fault of ours, and its job stays among the failed ones for an administrator to see. */
export async function checkRollups({ database, log }: CheckRollupsDependencies): Promise<void> {
  const differences = await rollupDifferences(database, DAYS)
  const [first] = differences
  if (first === undefined) return log.info({ days: DAYS }, 'the roll-ups are the sum of their calls')
  log.error({ differences: differences.slice(0, 20), count: differences.length }, 'roll-ups differ from their calls')
  throw new Error(`${differences.length} roll-ups differ from their calls, the first in ${first.table} on ${first.day}`)
}
