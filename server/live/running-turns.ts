// The turns that run in this process.

/** Why a turn is stopped: its user said so; the program ends; another process has taken it over. */
export type StopReason = 'cancelled' | 'interrupted' | 'lost'

export interface RunningTurn {
  /** Ends the turn's model calls. The first reason counts; further ones do nothing. */
  stop(reason: StopReason): void
  /** Settles when the turn is closed, or given up. */
  readonly finished: Promise<unknown>
}

export interface RunningTurns {
  add(turnId: string, turn: RunningTurn): void
  ids(): string[]
  /** Does nothing for a turn that does not run here. */
  stop(turnId: string, reason: StopReason): void
  /** Waits until nothing runs, at most so long; how many still run. */
  drain(milliseconds: number): Promise<number>
}

export function createRunningTurns(): RunningTurns {
  const running = new Map<string, RunningTurn>()
  return {
    add(turnId, turn) {
      running.set(turnId, turn)
      void turn.finished.finally(() => running.delete(turnId))
    },
    ids: () => [...running.keys()],
    stop: (turnId, reason) => running.get(turnId)?.stop(reason),
    async drain(milliseconds) {
      const until = performance.now() + milliseconds
      // A request that was under way may begin a turn meanwhile.
      for (let left = milliseconds; running.size > 0 && left > 0; left = until - performance.now()) {
        const all = Promise.allSettled([...running.values()].map(turn => turn.finished))
        await withinTime(all, left)
      }
      return running.size
    },
  }
}

async function withinTime(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, patience])
  clearTimeout(timer)
}
