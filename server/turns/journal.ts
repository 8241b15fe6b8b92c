import type { JournalEntry } from '../domain/turn.ts'

export type JournalOutcome = { kind: 'written' } | { kind: 'insufficient'; available: string }

/** Another process has taken this turn over; nothing of ours may be written any more. */
export class TurnLost extends Error {
  constructor() {
    super('The turn was taken over by another process.')
    this.name = 'TurnLost'
  }
}

export interface Journal {
  /** Writes that a call begins, together with whatever ended since the last write, before the call is made. */
  begin(entry: JournalEntry & { state: 'begun' }, hold: string): Promise<JournalOutcome>
  /** Moves what the turn holds without a model call beginning. */
  hold(hold: string): Promise<JournalOutcome>
  /** Notes that a call ended. It is written with the next `begin`, or by itself when none comes soon. */
  end(entry: JournalEntry & { state: 'ended' }, hold: string): void
  /** The close follows and says it all: what is still to be written need not be. Waits for a write under way. */
  finish(): Promise<void>
}

/** How long an ended call waits for the next one to begin before it is written by itself. */
const FLUSH_AFTER_MS = 50

/** `write` sets entries by request id and the turn's hold in one statement; it throws `TurnLost` when the fence is no longer ours. */
export function createJournal(write: (entries: Record<string, JournalEntry>, hold: string) => Promise<JournalOutcome>): Journal {
  let pending: Record<string, JournalEntry> = {}
  let timer: NodeJS.Timeout | null = null
  let writing: Promise<unknown> = Promise.resolve()

  const take = () => {
    if (timer) clearTimeout(timer)
    timer = null
    const entries = pending
    pending = {}
    return entries
  }
  const send = (entries: Record<string, JournalEntry>, hold: string) => {
    const sent = write(entries, hold)
    // Whoever awaits `sent` sees its failure; this one only marks the time until it is over.
    writing = Promise.allSettled([writing, sent])
    return sent
  }

  return {
    async begin(entry, hold) {
      const ended = take()
      const outcome = await send({ ...ended, [entry.call.requestId]: entry }, hold)
      if (outcome.kind === 'insufficient') pending = { ...ended, ...pending }
      return outcome
    },
    async hold(hold) {
      const ended = take()
      const outcome = await send(ended, hold)
      if (outcome.kind === 'insufficient') pending = { ...ended, ...pending }
      return outcome
    },
    end(entry, hold) {
      pending[entry.call.requestId] = entry
      timer ??= setTimeout(() => {
        // A flush that fails loses nothing that the close does not write; a lost fence shows at the next begin or at the close.
        send(take(), hold).catch(() => {})
      }, FLUSH_AFTER_MS)
    },
    async finish() {
      take()
      await writing
    },
  }
}
