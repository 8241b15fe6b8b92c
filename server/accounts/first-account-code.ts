import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

// Crockford's base 32: no I, L, O and U, which people misread.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 10

/**
 * The one-time code that the start-up block prints for the first account, as `XXXXX-XXXXX`.
 * It follows from the secret, so that every replica prints the same one and none has to store it; the first account spends it.
 */
export function firstAccountCode(secret: string): string {
  const digest = createHmac('sha256', secret).update('pantheon first account').digest()
  const letters = Array.from(digest.subarray(0, LENGTH), byte => ALPHABET[byte % ALPHABET.length]).join('')
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`
}

/** Whether somebody typed that code. Case, dashes and blanks do not matter; how long it takes says nothing about the code. */
export function isSameCode(typed: string, code: string): boolean {
  return timingSafeEqual(digestOfReading(typed), digestOfReading(code))
}

const digestOfReading = (code: string) =>
  createHash('sha256').update(code.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')).digest()
