import { z } from 'zod'

/** An exact decimal in an answer: no trailing zeros, no exponent; zero is `"0"`. */
export const Decimal = z
  .string()
  .regex(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/)
  .meta({ id: 'Decimal', description: 'Exact decimal number as a string, without trailing zeros', examples: ['33.5'] })

/** A number of a JSON text that a JavaScript number cannot hold: its own digits. Only decimals take it; for all else it is no number. */
export class ExactNumber {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }

  toString(): string {
    return this.digits
  }
}

/** To whoever writes a request it is a number like any other. */
const exactNumber = z.custom<number | string>(value => value instanceof ExactNumber)

const digits = z
  .string()
  .trim()
  .regex(/^-?\d{1,20}(\.\d{1,20})?$/, 'must be a decimal number of at most 20 digits before and after the point')

/** An exact decimal in a request, as a JSON number or a decimal string. It is read digit by digit, never through a float. */
export const DecimalInput = z
  .union([z.number().meta({ description: 'Read exactly as written' }), digits, exactNumber], 'must be a decimal number')
  .transform(value => (typeof value === 'number' ? digitsOf(value) : String(value)))
  .pipe(digits)

/** JavaScript writes 0.0000001 as 1e-7. */
function digitsOf(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent = ''] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(String(value)) ?? []
  if (exponent === '') return String(value)
  const shift = Number(exponent)
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - 1)}${whole}${fraction}` : `${sign}${whole}${fraction.padEnd(shift, '0')}`
}

/** Compares exactly: both as whole numbers of the same unit. */
const scaled = (text: string, places: number): bigint => {
  const [whole = '', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.padEnd(places, '0'))
}

/** An exact decimal of a request above zero (or from zero on) and up to `maximum`; more than `places` decimal places are refused, not rounded. */
export function decimalUpTo(maximum: string, places: number, { orZero = false } = {}) {
  const range = `must be ${orZero ? 'at least 0' : 'greater than 0'} and at most ${maximum}`
  return DecimalInput.transform(text => (text.includes('.') ? text.replace(/\.?0+$/, '') : text))
    .refine(text => (text.split('.')[1] ?? '').length <= places, { message: `must have at most ${places} decimal places`, abort: true })
    .refine(text => {
      const value = scaled(text, places)
      return (orZero ? value >= 0n : value > 0n) && value <= scaled(maximum, places)
    }, range)
}

/** A time in UTC (RFC 3339). */
export const Time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })

/** A calendar day, `YYYY-MM-DD`. */
export const Day = z.iso.date().refine(day => day >= '0001-01-01', 'must be a day of the calendar')

/** A whole number in a query string. */
const queryInteger = (minimum: number, maximum: number) => z.coerce.number<string>().int().min(minimum).max(maximum)

/** `limit` and `offset` of a list: the default limit and the largest are the list's own. */
export const pageQuery = (defaultLimit: number, maximumLimit: number) =>
  z.strictObject({
    limit: queryInteger(1, maximumLimit).default(defaultLimit),
    offset: queryInteger(0, 1_000_000_000).default(0),
  })

/** Asks a list for what was deleted and can still be brought back, the newest deletion first, instead of what is there. */
export const deletedQuery = {
  deleted: z
    .enum(['true', 'false'])
    .default('false')
    .transform(text => text === 'true')
    .meta({ description: '`true`: what was deleted in the last 7 days, the newest deletion first' }),
}

/** When a row of such a list was deleted; on no other list. */
export const deletionTime = { deleted_at: Time.optional().meta({ description: 'Only where deleted ones are listed' }) }

/** Any text that can be stored: no NUL character. */
export const plainText = z.string().regex(/^[^\0]*$/, 'must not contain NUL characters')

/** Counted in place: a list of a million characters would keep everybody else waiting while it is made. */
function countCodePoints(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at += text.codePointAt(at)! > 0xffff ? 2 : 1) count += 1
  return count
}

/** Text that may be blank: trimmed, at most `maximum` characters as people count them (code points, as JSON Schema does). */
export const optionalText = (maximum: number) =>
  plainText
    .trim()
    .refine(
      text => text.length <= maximum || (text.length <= 2 * maximum && countCodePoints(text) <= maximum),
      `must have at most ${maximum} characters`,
    )
    .meta({ maxLength: maximum })

/** Text that people write: trimmed, never blank, at most `maximum` characters. */
export const requiredText = (maximum: number) => optionalText(maximum).min(1, 'must not be blank')

/** An id in a body, in whichever case it was written. */
export const IdInput = z.string().trim().toLowerCase().check(z.uuid('must be a UUID'))
