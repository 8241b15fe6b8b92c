import { z } from 'zod'

/** An exact decimal in an answer: no trailing zeros, no exponent; zero is `"0"`. */
export const Decimal = z
  .string()
  .regex(/^(0|-?(0|[1-9]\d*)(\.\d*[1-9])?)$/)
  .meta({ id: 'Decimal', description: 'Exact decimal number as a string, without trailing zeros', examples: ['33.5'] })

/** An exact decimal in a request, as a JSON number or a decimal string. It is read digit by digit, never through a float. */
export const DecimalInput = z
  .union([
    z.number().meta({ description: 'Read exactly as written' }),
    z.string().regex(/^-?\d{1,20}(\.\d{1,20})?$/, 'must be a decimal number'),
  ])
  .transform((value, context) => {
    const text = String(value)
    if (/^-?\d+(\.\d+)?$/.test(text)) return text
    context.addIssue({ code: 'custom', message: 'must be a decimal number without an exponent' })
    return z.NEVER
  })

/** A time in UTC (RFC 3339). */
export const Time = z.iso.datetime().meta({ description: 'RFC 3339, UTC' })

/** A whole number in a query string. */
const queryInteger = (minimum: number, maximum: number) => z.coerce.number<string>().int().min(minimum).max(maximum)

/** `limit` and `offset` of a list: the default limit and the largest are the list's own. */
export const pageQuery = (defaultLimit: number, maximumLimit: number) =>
  z.strictObject({
    limit: queryInteger(1, maximumLimit).default(defaultLimit),
    offset: queryInteger(0, 1_000_000_000).default(0),
  })

/** Any text that can be stored: no NUL character. */
export const plainText = z.string().regex(/^[^\0]*$/, 'must not contain NUL characters')

/** Text that people write: trimmed, never blank, at most `maximum` characters. */
export const requiredText = (maximum: number) => plainText.trim().min(1, 'must not be blank').max(maximum)
