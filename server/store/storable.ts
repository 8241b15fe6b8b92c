/** Text as PostgreSQL can store it: no NUL, no half of a surrogate pair. A model, or a client, may well send either. */
export const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

/** JSON as PostgreSQL can store it, names of members included. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value)
  return HARMFUL_ESCAPE.test(json) ? JSON.stringify(storableValue(JSON.parse(json))) : json
}

/** What `JSON.stringify` makes of NUL and of half a pair; everything else it writes as it is. */
const HARMFUL_ESCAPE = /\\u(?:0000|d[89a-f])/

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value)
  if (Array.isArray(value)) return value.map(storableValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storable(name), storableValue(member)]))
}
