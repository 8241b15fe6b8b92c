// Money arrives as exact decimal strings and stays so: whole numbers of the smallest place, never floats.

const PLACES = 8

function scaled(text: string): bigint {
  const sign = text.startsWith('-') ? -1n : 1n
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.')
  return sign * BigInt(whole + fraction.slice(0, PLACES).padEnd(PLACES, '0'))
}

function written(value: bigint): string {
  const digits = String(value < 0n ? -value : value).padStart(PLACES + 1, '0')
  const fraction = digits.slice(-PLACES).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -PLACES)}${fraction && `.${fraction}`}`
}

export const sumOf = (decimals: readonly string[]): string => written(decimals.reduce((sum, each) => sum + scaled(each), 0n))

export const compare = (a: string, b: string): number => {
  const difference = scaled(a) - scaled(b)
  return difference === 0n ? 0 : difference > 0n ? 1 : -1
}

export const isNegative = (decimal: string): boolean => scaled(decimal) < 0n

/** To at most `places` places, half away from zero, with thousands set apart. What is smaller than can be shown is said to be. */
export function shown(decimal: string, places = 4): string {
  const unit = 10n ** BigInt(PLACES - places)
  const value = scaled(decimal)
  const size = value < 0n ? -value : value
  const rounded = ((size + unit / 2n) / unit) * unit
  if (rounded === 0n && size > 0n) return `<${written(unit)}`
  const [whole = '0', fraction = ''] = written(rounded).split('.')
  return `${value < 0n ? '−' : ''}${whole.replace(/\B(?=(\d{3})+$)/g, ',')}${fraction && `.${fraction}`}`
}

/** For the height of a bar only. */
export const approximate = (decimal: string): number => Number(decimal)
