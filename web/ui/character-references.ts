import { decodeNamedCharacterReference } from 'decode-named-character-reference'

const REFERENCE = /&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z][a-z\d]{1,31}));/gi

/** `&amp;` and its like, which the lexer leaves as they are. */
export function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(REFERENCE, (all, decimal, hexadecimal, name) => {
    if (name) return decodeNamedCharacterReference(name) || all
    const point = decimal ? Number(decimal) : Number.parseInt(hexadecimal, 16)
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd'
  })
}
