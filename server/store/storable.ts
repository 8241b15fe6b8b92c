/** Text as PostgreSQL can store it: no NUL, no half of a surrogate pair. A model, or a client, may well send either. */
export const storable = (text: string): string => text.replaceAll('\0', '').toWellFormed()

export const storableJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member) => (typeof member === 'string' ? storable(member) : member))
