import { ExternalLink, ImageIcon } from 'lucide-react'
import type { Tokens as Type } from 'marked'
import { Fragment, type ReactNode } from 'react'
import { decoded } from './character-references.ts'
import { useCopy } from './copy.ts'
import { CARET, type Node } from './markdown-caret.ts'

// Whatever a model writes is untrusted. A token becomes one of the elements below or nothing: raw HTML is left out, only web and mail
// addresses become links, each says where it leads, and nothing is fetched from elsewhere.

/** Deeper nesting is shown as it was written. */
const MAXIMUM_DEPTH = 24
const SAFE_ADDRESS = /^(https?:|mailto:)/i

/** An answer is a part of the page: its largest heading stands below the page's own. */
const HEADINGS = ['h4', 'h4', 'h5', 'h5', 'h6', 'h6'] as const

export function Tokens({ tokens = [], depth }: { tokens?: readonly Node[]; depth: number }): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no other identity than their place
  return tokens.map((token, at) => <Fragment key={at}>{elementOf(token, depth)}</Fragment>)
}

function elementOf(token: Node, depth: number): ReactNode {
  if (depth > MAXIMUM_DEPTH) return token.raw
  const inside = <Tokens tokens={token.tokens} depth={depth + 1} />
  switch (token.type) {
    case 'paragraph':
      return <p>{inside}</p>
    case 'heading': {
      const Heading = HEADINGS[token.depth - 1] ?? 'h6'
      return <Heading>{inside}</Heading>
    }
    case 'blockquote':
      return <blockquote>{inside}</blockquote>
    case 'list':
      return <List list={token as Type.List} depth={depth} />
    case 'table':
      return <Grid table={token as Type.Table} depth={depth} />
    case 'code':
      return <CodeBlock text={token.text} hasCaret={token.tokens !== undefined} />
    case 'hr':
      return <hr />
    case 'strong':
      return <strong>{inside}</strong>
    case 'em':
      return <em>{inside}</em>
    case 'del':
      return <del>{inside}</del>
    case 'codespan':
      return <code>{token.text}</code>
    case 'br':
      return <br />
    case 'checkbox':
      return <input type="checkbox" disabled checked={token.checked} aria-label={token.checked ? 'done' : 'to do'} />
    case 'link':
      return <Link href={token.autolink ? token.href : decoded(token.href)}>{inside}</Link>
    case 'image':
      return <Picture src={decoded(token.href)} alt={decoded(token.text)} />
    case 'text':
      if (token.tokens) return inside
      return token.escaped ? token.text : decoded(token.text)
    case 'escape':
      return token.text
    case 'html':
      return tagOf(token)
    case CARET:
      return <span className="caret" aria-hidden />
    default:
      return null
  }
}

const FORMATTING = /^<\/?(?:abbr|b|big|center|div|em|font|i|ins|kbd|mark|p|q|s|small|span|strong|sub|sup|u)(?:\s[^>]*)?>$/i

/** HTML is no HTML here. Tags that only dress text are left out; what else stands between angle brackets, `Vec<String>` say, is text. */
function tagOf({ raw, block }: Node): ReactNode {
  const tag = raw.trim()
  if (/^<br\s*\/?>$/i.test(tag)) return <br />
  if (FORMATTING.test(tag) || tag.startsWith('<!--')) return null
  return block ? <p className="plain-text">{tag}</p> : raw
}

function List({ list, depth }: { list: Type.List; depth: number }) {
  const items = list.items.map((item, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: as above
    <li key={at} className={item.task ? 'task' : undefined}>
      <Tokens tokens={item.tokens} depth={depth + 1} />
    </li>
  ))
  return list.ordered ? <ol start={list.start === '' ? undefined : list.start}>{items}</ol> : <ul>{items}</ul>
}

function Grid({ table, depth }: { table: Type.Table; depth: number }) {
  const cells = (row: Type.TableCell[], Cell: 'th' | 'td') =>
    row.map((cell, at) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <Cell key={at} style={cell.align ? { textAlign: cell.align } : undefined}>
        <Tokens tokens={cell.tokens} depth={depth + 1} />
      </Cell>
    ))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="md-table" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>{cells(table.header, 'th')}</tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <tr key={at}>{cells(row, 'td')}</tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function CodeBlock({ text, hasCaret }: { text: string; hasCaret: boolean }) {
  const { isCopied, copy } = useCopy()
  return (
    <div className="code-block">
      <button type="button" onClick={() => copy(text)} className="tiny">
        {isCopied ? 'Copied' : 'Copy'}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{text}</code>
        {hasCaret && <span className="caret" aria-hidden />}
      </pre>
    </div>
  )
}

function addressIn(text: string): URL | null {
  return SAFE_ADDRESS.test(text) && URL.canParse(text) ? new URL(text) : null
}

function Link({ href, children }: { href: string; children: ReactNode }) {
  const address = addressIn(href)
  if (!address) return <span>{children}</span>
  const isForeign = address.origin !== location.origin
  return (
    <a href={address.href} target="_blank" rel="noopener noreferrer nofollow" title={address.href}>
      {children}
      {isForeign && (
        <span className="leads-to">
          <ExternalLink size={11} aria-hidden />
          <span>{address.protocol === 'mailto:' ? address.pathname : address.host}</span>
        </span>
      )}
    </a>
  )
}

/** A picture from elsewhere tells its server who looks at it: it stays a link. */
function Picture({ src, alt }: { src: string; alt: string }) {
  const address = addressIn(src)
  if (!address || address.protocol === 'mailto:') return <span className="no-picture">[picture: {alt || 'without a description'}]</span>
  return (
    <a className="remote-picture" href={address.href} target="_blank" rel="noopener noreferrer nofollow" title={address.href}>
      <ImageIcon size={13} aria-hidden /> {alt || 'Picture'} <span className="leads-to">on {address.host}, not loaded</span>
    </a>
  )
}
