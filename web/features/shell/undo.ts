export interface UndoOffer {
  number: number
  words: string
  undo: () => Promise<void>
}

let offer: UndoOffer | null = null
let offers = 0
const listeners = new Set<() => void>()

function set(next: UndoOffer | null): void {
  offer = next
  for (const listener of listeners) listener()
}

/** Says what was just done, and offers to take it back. A newer offer takes the place of the one before. */
export const offerUndo = (words: string, undo: () => Promise<void>): void => set({ number: ++offers, words, undo })
export const withdrawUndo = (): void => set(null)
export const readUndo = (): UndoOffer | null => offer

export function onUndoOffered(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
