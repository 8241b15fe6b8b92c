import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { DecimalInput } from '../../contract/values.ts'
import { decimal } from '../domain/money.ts'
import { isWholeCents } from '../domain/top-up.ts'

// What a variable may be: the text of the environment in, a value that needs no second look out.

export const text = z.string().min(1)
export const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, `must be one of ${words.join(', ')}`)
export const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).transform(value => value.replace(/\/+$/, ''))
export const origin = z.string().regex(/^https?:\/\/[^\s/?#]+$/, 'must be an http or https address without a path')
export const originOrAny = z.string().regex(/^(\*|https?:\/\/[^\s/?#*]+)$/, 'each must be an origin such as https://app.example.com')
const isProxyRange = (value: string) => ['loopback', 'uniquelocal'].includes(value) || ipaddr.isValid(value) || ipaddr.isValidCIDR(value)
export const proxyRange = z.string().refine(isProxyRange, 'each must be an address, a range such as 10.0.0.0/8, loopback or uniquelocal')
export const key = text.meta({ secret: true })
export const list = text.transform(value =>
  value
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== ''),
)
export const secrets = list
  .pipe(
    z
      .array(z.string().min(16, 'each must have at least 16 characters'))
      .min(1, 'must hold one or two')
      .max(2, 'at most two, during a rotation'),
  )
  .meta({ secret: true })
export const flag = z.enum(['true', 'false', '1', '0'], 'must be true or false').transform(value => value === 'true' || value === '1')
export const integer = (minimum: number, maximum: number) => {
  const range = `must be a whole number from ${minimum} to ${maximum}`
  return z.coerce.number<string>(range).int(range).min(minimum, range).max(maximum, range)
}
const RATIO = 'must be a number above 0 and at most 1'
export const ratio = z.coerce.number<string>(RATIO).gt(0, RATIO).max(1, RATIO)
const SHARE = 'must be a number from 0 to 1'
export const share = z.coerce.number<string>(SHARE).min(0, SHARE).max(1, SHARE)
const CREDITS = 'must be a decimal number of credits, not negative'
export const credits = text
  .refine(value => DecimalInput.safeParse(value).success && !value.startsWith('-'), CREDITS)
  .transform((value): string | number => value)
  .pipe(DecimalInput)
/** What Stripe charges at once: at least 0.50, at most 999,999.99. */
export const usd = credits.refine(
  value => isWholeCents(decimal(value)) && decimal(value).gte('0.5') && decimal(value).lte('999999.99'),
  'must be an amount from 0.50 to 999999.99 with at most two decimals',
)
const HEADER = /^\s*[\w-]+\s*=(?:[^%,]|%[0-9A-Fa-f]{2})*$/
const isHeaderList = (value: string): boolean => value.split(',').every(pair => HEADER.test(pair))
const headersOf = (list: string): Record<string, string> =>
  Object.fromEntries(
    list.split(',').map(pair => {
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      return [name.trim(), decodeURIComponent(value.trim())]
    }),
  )
export const headers = text
  .refine(isHeaderList, 'must be name=value, comma separated, values percent-encoded')
  .transform(headersOf)
  .meta({ secret: true })
export const redis = text.refine(value => /^rediss?:\/\//.test(value), 'must be a redis:// or rediss:// URL').meta({ secret: true })
export const connection = text.refine(value => /^postgres(ql)?:\/\//.test(value), 'must be a postgres:// URL').meta({ secret: true })
