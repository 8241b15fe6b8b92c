import { Lexer, type Links, type MarkedToken, type Token } from 'marked'
import remend from 'remend'

/** A block as the lexer tells it: a paragraph, a list, a table … */
export type Block = MarkedToken

export interface MarkdownReader {
  /** The blocks of `text`, which may have grown since the last call. Blocks that can no longer change keep their identity. */
  read(text: string, isGrowing: boolean): readonly Block[]
}

/** Reads Markdown that grows: each block once when it is over, and again and again only the last one, repaired for the moment. */
export function createMarkdownReader(): MarkdownReader {
  let settledText = ''
  let settled: Block[] = []
  let links: Links = {}
  /** Where the last line began when it was last looked for blocks that are over. */
  let lookedAt = 0

  const settle = (source: string) => {
    const { blocks, links: found } = lex(source, links)
    const isNew = Object.keys(found).length > Object.keys(links).length
    links = found
    settledText += source
    // What refers to an address that was told later.
    if (isNew) settled = settled.map(block => (block.raw.includes('[') ? (lex(block.raw, links).blocks[0] ?? block) : block))
    settled = [...settled, ...blocks]
  }
  return {
    read(text, isGrowing) {
      const source = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text
      if (!source.startsWith(settledText)) {
        settledText = ''
        settled = []
        links = {}
        lookedAt = 0
      }
      const tail = source.slice(settledText.length)
      const lastLine = source.lastIndexOf('\n') + 1
      const over = !isGrowing ? tail : lastLine > lookedAt ? tail.slice(0, settledLength(tail, links)) : ''
      lookedAt = lastLine
      if (over !== '') settle(over)
      const open = tail.slice(over.length)
      return open === '' ? settled : [...settled, ...lex(remend(open), links).blocks]
    },
  }
}

/**
 * How much of `tail` no later text can change. Blocks are decided line by line, so that all is final which lies before the last block that
 * begins above the unfinished last line.
 */
function settledLength(tail: string, links: Links): number {
  const lastLine = tail.lastIndexOf('\n') + 1
  let at = 0
  let settled = 0
  let before = ''
  for (const token of blocksOf(tail, links)) {
    if (at >= lastLine || !tail.startsWith(token.raw, at)) break
    // What follows a paragraph without an empty line may turn out to belong to it.
    if (token.type !== 'space' && before !== 'paragraph') settled = at
    at += token.raw.length
    before = token.type
  }
  return settled
}

function blocksOf(source: string, links: Links): Token[] {
  try {
    return lexerWith(links).blockTokens(source)
  } catch {
    return []
  }
}

function lex(source: string, links: Links): { blocks: Block[]; links: Links } {
  const lexer = lexerWith(links)
  try {
    const tokens = lexer.lex(source) as Token[]
    return { blocks: tokens.filter(isShown), links: lexer.tokens.links }
  } catch {
    // Nested deeper than anybody can follow: shown as it was written.
    return { blocks: [{ type: 'text', raw: source, text: source, escaped: true }], links }
  }
}

function lexerWith(links: Links): Lexer {
  const lexer = new Lexer({ gfm: true })
  Object.assign(lexer.tokens.links, links)
  return lexer
}

const isShown = (token: Token): token is Block => token.type !== 'space' && token.type !== 'def'
