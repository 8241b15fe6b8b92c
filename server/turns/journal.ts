import type { JournalEntry } from '../domain/turn.ts'

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
   * Writes that a call begins, together with whatever ended since the last write, before the call is made. Writes come one after another:
   * `prepare` runs when its own is due, so that parallel calls cannot hold the same credits twice.
   */
  begin(prepare: () => JournalWish | null): Promise<JournalOutcome>
  /** The same for a call that costs its user nothing, whatever the credits. */
  beginFree(prepare: () => JournalWish): Promise<void>
  /** Notes that a call ended. It is written with the next `begin`, or by itself when none comes soon. */
  end(entry: JournalEntry & { state: 'ended' }, hold: () => string): void
  /** The close follows and says it all. Waits for a write under way. */
  finish(): Promise<void>
  /** The close has failed: writes what the journal does not say yet, for whoever closes the turn instead. */
  keep(): Promise<void>
}

/** How long an ended call waits for the next one to begin before it is written by itself. */
const FLUSH_AFTER_MS = 50

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

  const oneAfterAnother = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = queue.then(work)
    queue = result.then(nothing, nothing)
    return result
  }
  /** What ended travels along, and stays pending when it was not written. */
  const send = async (entry: JournalEntry | null, hold: string, covered: boolean) => {
    stopTimer()
    const ended = pending
    pending = {}
    let outcome: Awaited<ReturnType<typeof write>> | null = null
    try {
      outcome = await write(entry ? { ...ended, [entry.call.requestId]: entry } : ended, hold, covered)
      return outcome
    } finally {
      if (outcome?.kind !== 'written') keepPending(ended)
    }
  }
  const keepPending = (ended: Record<string, JournalEntry>) => {
    pending = { ...ended, ...pending }
    if (Object.keys(pending).length > 0) startTimer()
  }
  const flush = () => oneAfterAnother(() => send(null, holdNow(), false))
  const startTimer = () => {
    // A flush that fails loses nothing that a later one, or the close, does not write.
    timer ??= setTimeout(() => void flush().catch(nothing), FLUSH_AFTER_MS)
  }
  const stopTimer = () => {
    if (timer) clearTimeout(timer)
    timer = null
  }

  return {
    begin: prepare =>
      oneAfterAnother(async () => {
        const wish = prepare()
        if (!wish) return { kind: 'withdrawn' }
        const outcome = await send(wish.entry, wish.hold, true)
        if (outcome.kind === 'insufficient') wish.undo()
        return outcome
      }),
    beginFree: prepare =>
      oneAfterAnother(async () => {
        const wish = prepare()
        await send(wish.entry, wish.hold, false)
      }),
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
