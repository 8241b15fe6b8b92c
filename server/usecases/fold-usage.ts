import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../store/database.ts'
import { foldLimit, foldNextDay, writersEnded } from '../store/usage-fold.ts'

interface FoldUsageDependencies {
  database: Database
  log: { info(fields: object, message: string): void }
}

const LOOK_AGAIN_MS = 100
const PATIENCE_MS = 30_000

/** Folds every day that is over, one commit each. What cannot be folded now is read from the daily roll-ups meanwhile, and folded by the next round. */
export async function foldUsage({ database, log }: FoldUsageDependencies): Promise<void> {
  const { before, mark } = await foldLimit(database)
  const giveUpAt = performance.now() + PATIENCE_MS
  while (!(await writersEnded(database, mark))) {
    if (performance.now() > giveUpAt) return log.info({ before }, 'a long transaction keeps the usage from being folded')
    await sleep(LOOK_AGAIN_MS)
  }
  while (await foldNextDay(database, before));
}
