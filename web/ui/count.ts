const grouped = new Intl.NumberFormat('en-GB')
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

export const count = (value: number): string => grouped.format(value)
export const roughly = (value: number): string => compact.format(value)

export const plural = (value: number, one: string, many = `${one}s`): string => `${count(value)} ${value === 1 ? one : many}`

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`
  if (size < 1024 * 1024) return `${(size / 1024).toFixed(0)} KiB`
  return `${(size / 1024 / 1024).toFixed(1)} MiB`
}
