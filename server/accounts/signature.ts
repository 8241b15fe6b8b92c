import { timingSafeEqual } from 'node:crypto'

/** Whether both are one signature; how long it takes says nothing about it. What a client sends may be any text, so bytes are counted, not characters. */
export function isSameSignature(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)]
  return left.length === right.length && timingSafeEqual(left, right)
}
