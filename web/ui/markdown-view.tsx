import { ExternalLink, ImageIcon } from 'lucide-react'
import { type CSSProperties, isValidElement, memo, type ReactNode, useState } from 'react'
import { type Components, defaultRemarkPlugins, Streamdown } from 'streamdown'

// Whatever a model writes is untrusted. Raw HTML is never parsed (no rehype plugin does it), only web and mail addresses become links,
// each says where it leads, and nothing is fetched from elsewhere until the reader asks for it.

const SAFE_ADDRESS = /^(https?:|mailto:)/i

function addressIn(text: unknown): URL | null {
  if (typeof text !== 'string' || !SAFE_ADDRESS.test(text)) return null
  return URL.canParse(text) ? new URL(text) : null
}

function Link({ href, children }: { href?: string; children?: ReactNode }) {
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
function Picture({ src, alt }: { src?: string; alt?: string }) {
  const address = addressIn(src)
  if (!address || address.protocol === 'mailto:') return <span className="no-picture">[picture: {alt || 'without a description'}]</span>
  return (
    <a className="remote-picture" href={address.href} target="_blank" rel="noopener noreferrer nofollow" title={address.href}>
      <ImageIcon size={13} aria-hidden /> {alt || 'Picture'} <span className="leads-to">on {address.host}, not loaded</span>
    </a>
  )
}

function textOf(node: ReactNode): string {
  if (typeof node === 'string' || typeof node === 'number') return String(node)
  if (Array.isArray(node)) return node.map(textOf).join('')
  return isValidElement<{ children?: ReactNode }>(node) ? textOf(node.props.children) : ''
}

function CodeBlock({ children }: { children?: ReactNode }) {
  const [copied, setCopied] = useState(false)
  const copy = () =>
    navigator.clipboard.writeText(textOf(children)).then(
      () => setCopied(true),
      () => setCopied(false),
    )
  return (
    <div className="code-block">
      <button type="button" onClick={copy} className="tiny">
        {copied ? 'Copied' : 'Copy'}
      </button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>{children}</pre>
    </div>
  )
}

const Code = ({ children }: { children?: ReactNode }) => <code>{children}</code>

const Grid = ({ children }: { children?: ReactNode }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
  <section className="md-table" tabIndex={0} aria-label="Table">
    <table>{children}</table>
  </section>
)

/** The plain element, with the attributes that Markdown can give and none else; what is not named here keeps its own name. */
function Plain({ node, children, style }: { node?: { tagName: string }; children?: ReactNode; style?: CSSProperties }) {
  const tag = node?.tagName ?? 'span'
  const Tag = (ELEMENTS[tag] ?? tag) as 'p'
  if (tag === 'hr') return <Tag />
  return <Tag style={style?.textAlign ? { textAlign: style.textAlign } : undefined}>{children}</Tag>
}

/** An answer is a part of the page: its largest heading stands below the page's own. */
const ELEMENTS: Record<string, string> = { h1: 'h4', h2: 'h4', h3: 'h5', h4: 'h5', h5: 'h6', h6: 'h6' }
const TAGS = 'h1 h2 h3 h4 h5 h6 p ul ol li blockquote hr strong em del sup sub thead tbody tr th td section'.split(' ')

const COMPONENTS = {
  ...Object.fromEntries(TAGS.map(tag => [tag, Plain])),
  a: Link,
  img: Picture,
  pre: CodeBlock,
  code: Code,
  inlineCode: Code,
  table: Grid,
} as Components

const REMARK = Object.values(defaultRemarkPlugins)
const NO_PLUGINS: never[] = []

function MarkdownView({ text, streaming }: { text: string; streaming: boolean }) {
  return (
    <Streamdown
      className="markdown"
      mode={streaming ? 'streaming' : 'static'}
      parseIncompleteMarkdown={streaming}
      remarkPlugins={REMARK}
      rehypePlugins={NO_PLUGINS}
      components={COMPONENTS}
      controls={false}
      skipHtml
    >
      {text}
    </Streamdown>
  )
}

export default memo(MarkdownView)
