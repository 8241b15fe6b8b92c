import { setTimeout as sleep } from 'node:timers/promises'
import { FIRST_FENCE } from '../../domain/turn.ts'
import { type Database, isPassingTrouble } from '../../store/database.ts'
import { withdrawAdmissions } from '../../store/turn-run.ts'

const ASK_EVERY_MS = 500
/** A database that hung takes up what it was sent as soon as it runs again; behind a lock that may be a little later. */
const MAY_FOLLOW_MS = 10_000

/**
 * Admissions whose answer was lost with its connection: each may have been done, or may yet be done by a database that hangs. Its user was told
 * that nothing runs, so that nothing must: whatever there is of it is undone as soon as the database answers.
 */
export interface UnheardAdmissions {
  /** That turn's admission may turn out to have been done, and is about to be withdrawn. */
  has(turnId: string): boolean
  /** Sees to it that it is withdrawn; waits for nothing. */
  withdraw(turnId: string): void
}

interface UnheardDependencies {
  database: Database
  log: { warn(fields: object, message: string): void; error(fields: object, message: string): void }
}

/** One for the whole process: when the database is away, all that it was asked meanwhile is asked for together. */
export function createUnheardAdmissions({ database, log }: UnheardDependencies): UnheardAdmissions {
  /** When the database has first answered for each; null until then. */
  const unheard = new Map<string, number | null>()
  let asking = false

  const ask = async (turnIds: string[]) => {
    const withdrawn = await withdrawAdmissions(database, turnIds, FIRST_FENCE)
    for (const turn_id of withdrawn) log.warn({ turn_id }, 'a turn whose admission nobody had heard of was withdrawn')
    // Once it is withdrawn the next rounds find nothing; but somebody may still be reading what was there before.
    for (const turnId of turnIds) {
      const answeredAt = unheard.get(turnId) ?? performance.now()
      if (performance.now() - answeredAt < MAY_FOLLOW_MS) unheard.set(turnId, answeredAt)
      else unheard.delete(turnId)
    }
  }
  const giveUp = (turnIds: string[], err: unknown) => {
    // Without it the leases lapse, and the sweep closes the turns as failed.
    log.error({ err, turn_ids: turnIds }, 'turns whose admission nobody had heard of could not be withdrawn')
    for (const turnId of turnIds) unheard.delete(turnId)
  }
  const askUntilAllAnswered = async () => {
    asking = true
    while (unheard.size > 0) {
      const turnIds = [...unheard.keys()]
      await ask(turnIds).catch(error => {
        if (!isPassingTrouble(error)) giveUp(turnIds, error)
      })
      await sleep(ASK_EVERY_MS, undefined, { ref: false })
    }
    asking = false
  }
  return {
    has: turnId => unheard.has(turnId),
    withdraw(turnId) {
      unheard.set(turnId, null)
      if (!asking) void askUntilAllAnswered()
    },
  }
}
