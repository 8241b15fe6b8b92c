import { ValidationFailure } from './validation.ts'

/** No body of ours holds more; reading one and checking it against a schema would keep everybody else waiting. */
const VALUES_MAXIMUM = 5_000
/** No schema takes a number of more; reading one takes time that grows faster than it does. */
const NUMBER_BYTES_MAXIMUM = 1_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = new Set([0x5b, 0x7b])

/** Bounds what a JSON text holds before it is read: one pass over its bytes, which says nothing of whether it is JSON. */
export function demandReasonableJson(text: Buffer): void {
  let values = 1
  let numberFrom = -1
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at]!
    if (isOfNumber(byte)) {
      if (numberFrom < 0) numberFrom = at
      else if (at - numberFrom >= NUMBER_BYTES_MAXIMUM) refuse(`must hold no number of more than ${NUMBER_BYTES_MAXIMUM} digits`)
      continue
    }
    numberFrom = -1
    if (byte === QUOTE) at = endOfString(text, at)
    // A member or an element is behind a comma or opens what holds it.
    else if ((byte === COMMA || OPENING.has(byte)) && ++values > VALUES_MAXIMUM) refuse(`must hold at most ${VALUES_MAXIMUM} values`)
  }
}

const isOfNumber = (byte: number) => (byte >= 0x30 && byte <= 0x39) || byte === 0x2e

/** Where the quote is that ends the string which begins here; the end of the text when there is none. */
function endOfString(text: Buffer, from: number): number {
  for (let end = text.indexOf(QUOTE, from + 1); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end
  }
  return text.length
}

function refuse(what: string): never {
  throw new ValidationFailure([{ path: '', message: `the body ${what}` }])
}
