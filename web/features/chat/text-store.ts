import { flushSync } from 'react-dom'

/** Text that grows. Its readers are told now and then, however many deltas come between. */
export interface TextStore {
  append(delta: string): void
  read(): string
  subscribe(listener: () => void): () => void
}

export function createTextStore(initial = ''): TextStore {
  let text = initial
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  return {
    append(delta) {
      text += delta
      tellInNextFrame(tell)
    },
    read: () => text,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** What drawing texts may take of one frame; whoever has not had his turn by then is first in the next. */
const BUDGET_MS = 5
/** Text that grows thirty times a second flows; more often only warms the reader's machine. */
const EVERY_MS = 25
/** A hidden page has no frames; its text must not wait for them. */
const HIDDEN_MS = 100

const waiting = new Set<() => void>()
let isScheduled = false
let toldAt = 0

function tellInNextFrame(tell: () => void): void {
  waiting.add(tell)
  if (!isScheduled) schedule()
}

function schedule(): void {
  isScheduled = true
  if (document.hidden) setTimeout(tellWaiting, HIDDEN_MS)
  else requestAnimationFrame(tellWaiting)
}

function tellWaiting(): void {
  const begun = performance.now()
  if (begun - toldAt < EVERY_MS) {
    schedule()
    return
  }
  toldAt = begun
  for (const tell of waiting) {
    waiting.delete(tell)
    // Drawn at once, so that its time is known before the next one begins.
    flushSync(tell)
    if (performance.now() - begun > BUDGET_MS) break
  }
  isScheduled = false
  if (waiting.size > 0) schedule()
}
