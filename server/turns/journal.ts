import type { EndedEntry, JournalEntry } from '../domain/turn.ts'

export type JournalOutcome =
  | { kind: 'written' }
  /** Nothing was written; `available` is what the turn may hold in all. */
  | { kind: 'insufficient'; available: string }
  /** Whoever wanted to write thought better of it when its turn came. */
  | { kind: 'withdrawn' }

/** Another process has taken this turn over; nothing of ours may be written any more. */
export class TurnLost extends Error {
  constructor() {
    super('The turn was taken over by another process.')
    this.name = 'TurnLost'
  }
}

/** What a write says: the call that begins, if one does, and what the turn holds from then on. */
export interface JournalWish {
  entry: JournalEntry | null
  hold: string
  /** Called when the credits do not cover the hold and nothing was written. */
  undo(): void
}

export interface Journal {
  /**
   * Writes that a call begins, together with whatever ended since the last write, before the call is made. Calls that begin together are one
   * write where the credits cover them all. Writes come one after another: `prepare` runs when its own is due, and once more when the credits
   * do not cover all, so that parallel calls cannot hold the same credits twice.
   */
  begin(prepare: () => JournalWish | null): Promise<JournalOutcome>
  /** The same for a call that costs its user nothing, whatever the credits. */
  beginFree(prepare: () => JournalWish): Promise<void>
  /** Notes that a call ended, or what came of its tools since. It is written with the next `begin`, or by itself when none comes soon. */
  end(entry: EndedEntry, hold: () => string): void
  /** The close follows and says it all. Waits for a write under way. */
  finish(): Promise<void>
  /** The close has failed: writes what the journal does not say yet, for whoever closes the turn instead. */
  keep(): Promise<void>
}

/** How long an ended call waits for the next one to begin before it is written by itself. */
const FLUSH_AFTER_MS = 50

/** A call that waits for its write. */
interface Beginning {
  prepare: () => JournalWish | null
  covered: boolean
  settle(outcome: JournalOutcome): void
  fail(error: unknown): void
}

/**
 * `write` sets entries by request id and the turn's hold by one statement; with `covered` only if the credits are there for the hold.
 * It throws `TurnLost` when the fence is no longer ours.
 */
export function createJournal(
  write: (entries: Record<string, JournalEntry>, hold: string, covered: boolean) => Promise<Exclude<JournalOutcome, { kind: 'withdrawn' }>>,
): Journal {
  let pending: Record<string, JournalEntry> = {}
  let holdNow: () => string = () => '0'
  let timer: NodeJS.Timeout | null = null
  let queue: Promise<void> = Promise.resolve()
  let beginnings: Beginning[] = []

  const oneAfterAnother = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = queue.then(work)
    queue = result.then(nothing, nothing)
    return result
  }
  /** What ended travels along, and stays pending when it was not written. */
  const send = async (begun: JournalEntry[], hold: string, covered: boolean) => {
    stopTimer()
    const ended = pending
    pending = {}
    let outcome: Awaited<ReturnType<typeof write>> | null = null
    try {
      outcome = await write({ ...ended, ...Object.fromEntries(begun.map(entry => [entry.call.requestId, entry])) }, hold, covered)
      return outcome
    } finally {
      if (outcome?.kind !== 'written') keepPending(ended)
    }
  }
  const keepPending = (ended: Record<string, JournalEntry>) => {
    pending = { ...ended, ...pending }
    if (Object.keys(pending).length > 0) startTimer()
  }
  const flush = () => oneAfterAnother(() => send([], holdNow(), false))
  const startTimer = () => {
    // A flush that fails loses nothing that a later one, or the close, does not write.
    timer ??= setTimeout(() => void flush().catch(nothing), FLUSH_AFTER_MS)
  }
  const stopTimer = () => {
    if (timer) clearTimeout(timer)
    timer = null
  }

  const begin = (prepare: () => JournalWish | null, covered: boolean) =>
    new Promise<JournalOutcome>((settle, fail) => {
      // The specialists of a round begin within one turn of the loop, before the first of their writes is due.
      if (beginnings.push({ prepare, covered, settle, fail }) === 1) void oneAfterAnother(writeBeginnings)
    })
  const writeBeginnings = async () => {
    const together = beginnings
    beginnings = []
    if (together.length > 1 && (await writeOnce(together))) return
    for (const beginning of together) await writeOnce([beginning])
  }
  /** False when the credits do not cover all of several: then nothing was written. */
  const writeOnce = async (together: Beginning[]): Promise<boolean> => {
    try {
      const wishes = together.map(({ prepare }) => prepare())
      const outcome = await sendWishes(
        wishes.filter(wish => wish !== null),
        together.some(({ covered }) => covered),
      )
      if (outcome.kind === 'insufficient' && together.length > 1) return false
      for (const [index, { settle }] of together.entries()) settle(wishes[index] ? outcome : { kind: 'withdrawn' })
    } catch (error) {
      for (const { fail } of together) fail(error)
    }
    return true
  }
  const sendWishes = async (wishes: JournalWish[], covered: boolean): Promise<JournalOutcome> => {
    // What the last one holds is what the ones before it hold, too.
    const last = wishes.at(-1)
    if (!last) return { kind: 'withdrawn' }
    const begun = wishes.flatMap(({ entry }) => entry ?? [])
    const outcome = await send(begun, last.hold, covered)
    if (outcome.kind === 'insufficient') for (const wish of wishes) wish.undo()
    return outcome
  }

  return {
    begin: prepare => begin(prepare, true),
    async beginFree(prepare) {
      await begin(prepare, false)
    },
    end(entry, hold) {
      pending[entry.call.requestId] = entry
      holdNow = hold
      startTimer()
    },
    async finish() {
      stopTimer()
      await queue
      stopTimer()
    },
    async keep() {
      if (Object.keys(pending).length > 0) await flush()
      stopTimer()
    },
  }
}

const nothing = () => {}
