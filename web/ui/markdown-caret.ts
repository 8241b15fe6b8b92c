import type { Tokens } from 'marked'
import type { Block } from './markdown-blocks.ts'

/** Any token, by what it has. */
export type Node = Tokens.Generic

export const CARET = 'caret'

/** The block with a mark behind its last word: somebody is still writing. */
export function withCaret(block: Block): Block {
  return endedBy(block, { type: CARET, raw: '' }) as Block
}

function endedBy(token: Node, mark: Node): Node {
  if (token.type === 'text' && !token.tokens) return { ...token, tokens: [token, mark] }
  if (token.type === 'code') return { ...token, tokens: [] }
  if (token.type === 'list') return { ...token, items: withLast<Node>(token.items, item => endedBy(item, mark)) }
  if (token.type === 'table' && token.rows.length > 0) {
    const rows = withLast<Tokens.TableCell[]>(token.rows, row => withLast(row, cell => ({ ...cell, tokens: [...cell.tokens, mark] })))
    return { ...token, rows }
  }
  const last = token.tokens?.at(-1)
  const isBlock = last && ['paragraph', 'list', 'blockquote', 'heading', 'code', 'table', 'text'].includes(last.type)
  if (isBlock && (last.type !== 'text' || last.tokens)) return { ...token, tokens: withLast(token.tokens!, each => endedBy(each, mark)) }
  return { ...token, tokens: [...(token.tokens ?? []), mark] }
}

const withLast = <Item>(items: readonly Item[], changed: (item: Item) => Item): Item[] =>
  items.map((item, at) => (at === items.length - 1 ? changed(item) : item))
