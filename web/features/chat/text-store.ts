/** Text that grows. Readers are told at most once a frame, however many deltas a frame brings. */
export interface TextStore {
  append(delta: string): void
  read(): string
  subscribe(listener: () => void): () => void
}

export function createTextStore(initial = ''): TextStore {
  let text = initial
  let isTelling = false
  const listeners = new Set<() => void>()
  const tell = () => {
    isTelling = false
    for (const listener of listeners) listener()
  }
  return {
    append(delta) {
      text += delta
      if (isTelling) return
      isTelling = true
      nextFrame(tell)
    },
    read: () => text,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** A hidden page has no frames; its text must not wait for them. */
function nextFrame(action: () => void): void {
  if (document.hidden) setTimeout(action, 100)
  else requestAnimationFrame(action)
}
