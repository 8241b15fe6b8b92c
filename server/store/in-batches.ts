/** Told after every batch how many rows are done. */
export type Progress = (rows: number) => void

/** What one statement may take: it holds its locks for as long, and others wait behind them. */
const TARGET_MS = 15
const SMALLEST = 5
const LARGEST = 500

/**
 * Runs a statement that changes at most `limit` rows until there are no more, each time as its own commit. The batches become as large as
 * fits into the time that one may take. Answers with the sum.
 */
export async function inBatches(change: (limit: number) => Promise<number>, progress: Progress = () => {}, first = 50): Promise<number> {
  let limit = first
  let sum = 0
  for (;;) {
    const started = performance.now()
    const rows = await change(limit)
    sum += rows
    progress(rows)
    if (rows < limit) return sum
    const fitting = (limit * TARGET_MS) / Math.max(performance.now() - started, 1)
    limit = Math.round(Math.min(Math.max(fitting, SMALLEST), limit * 1.5, LARGEST))
  }
}
