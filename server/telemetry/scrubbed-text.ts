const LONGEST = 300

const SECRETS: [RegExp, string][] = [
  [/\b(?:Bearer|Basic)\s+\S+/gi, '[token]'],
  [/\bey[\w-]{8,}\.[\w-]+\.[\w-]*/g, '[token]'],
  // Whatever follows the scheme may hold a password, a host or a query.
  [/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[address]'],
  [/\S+@\S+/g, '[address]'],
  [/\b(?=\w*\d)[\w-]{24,}\b/g, '[key]'],
]

/** The message of a fault without what may be somebody's: quoted words, addresses, tokens and keys. */
export function scrubbedText(text: string): string {
  const unquoted = withoutQuoted(withoutQuoted(text, '"'), '`')
  const scrubbed = SECRETS.reduce((left, [pattern, instead]) => left.replace(pattern, instead), unquoted)
  return scrubbed.length > LONGEST ? `${scrubbed.slice(0, LONGEST)}…` : scrubbed
}

/**
 * What is quoted was taken from somewhere: a value, a body, a part of an answer. It may hold quotes itself, as JSON does, so all from the
 * first to the last goes; where one has no partner it may have been cut, and all goes to the end.
 */
function withoutQuoted(text: string, quote: string): string {
  const parts = text.split(quote)
  if (parts.length === 1) return text
  const isClosed = parts.length % 2 === 1
  return `${parts[0]}${quote}…${quote}${isClosed ? parts.at(-1) : ''}`
}
