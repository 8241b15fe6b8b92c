/** The text of one answer as it grows. What is handed out, joined, is exactly `text`. */
export interface AnswerText {
  readonly text: string
  add(delta: string): void
  /** Hands out what was added since, as one piece. */
  flush(): void
}

/**
 * Cleans at the boundary what no later place could mend without storing another text than was streamed: NUL, which PostgreSQL refuses,
 * and half characters, which UTF-8 cannot carry. The first half of a surrogate pair at the end of a read waits for its other half.
 */
export function createAnswerText(onText: (text: string) => void): AnswerText {
  // Joined once at the end: a string that grows by one token at a time needs four times as much memory until somebody reads it.
  const handedOut: string[] = []
  let pending = ''
  return {
    get text() {
      return handedOut.join('')
    },
    add(delta) {
      pending += delta
    },
    flush() {
      if (pending === '') return
      const whole = endsInHalfPair(pending) ? pending.slice(0, -1) : pending
      pending = pending.slice(whole.length)
      const clean = cleanText(whole)
      if (clean === '') return
      handedOut.push(clean)
      onText(clean)
    },
  }
}

export const cleanText = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '') : text).toWellFormed()

function endsInHalfPair(text: string): boolean {
  const last = text.charCodeAt(text.length - 1)
  return last >= 0xd800 && last <= 0xdbff
}
