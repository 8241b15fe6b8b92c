import { Fragment } from 'react'

/** The words and phrases that a message must hold, as the server reads a search: quotes keep words together, `-word` excludes, `or` is no word. */
export function wordsOf(query: string): string[] {
  return [...query.matchAll(/(-?)"([^"]*)"|(\S+)/g)]
    .filter(([whole, minus]) => minus !== '-' && !whole.startsWith('-'))
    .map(([, , phrase, word]) => (phrase ?? word ?? '').trim())
    .filter(word => word !== '' && word.toLowerCase() !== 'or')
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A snippet with what was looked for marked in it. */
export function FoundWords({ text, query }: { text: string; query: string }) {
  const words = wordsOf(query).map(escaped)
  if (words.length === 0) return text
  const parts = text.split(new RegExp(`(?<![\\p{L}\\p{N}])(${words.join('|')})(?![\\p{L}\\p{N}])`, 'giu'))
  return parts.map((part, at) =>
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
    at % 2 === 1 ? <mark key={at}>{part}</mark> : <Fragment key={at}>{part}</Fragment>,
  )
}
