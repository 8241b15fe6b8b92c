import { memo, useState } from 'react'
import { type Block, createMarkdownReader } from './markdown-blocks.ts'
import { withCaret } from './markdown-caret.ts'
import { Tokens } from './markdown-tokens.tsx'

interface MarkdownProps {
  text: string
  /** More is to come: what is unfinished is shown as it will be. */
  streaming?: boolean
}

/** What a model wrote. */
export const Markdown = memo(function Markdown({ text, streaming = false }: MarkdownProps) {
  const [reader] = useState(createMarkdownReader)
  const blocks = reader.read(text, streaming)
  const last = blocks.length - 1
  return (
    <div className="markdown">
      {blocks.map((block, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a block never changes its place
        <BlockView key={at} block={streaming && at === last ? withCaret(block) : block} />
      ))}
    </div>
  )
})

/** Only blocks that have changed are drawn again; while text streams that is the last one. */
const BlockView = memo(function BlockView({ block }: { block: Block }) {
  return <Tokens tokens={[block]} depth={0} />
})
