import { SaxesParser } from 'saxes'
import { UnsafeArchive } from './archive.ts'

export interface XmlHandlers {
  /** Names come without their namespace prefix, attributes as well. */
  open?(name: string, attributes: Record<string, string>): void
  close?(name: string): void
  text?(text: string): void
  /** Asked after every chunk; true ends the reading. */
  enough?(): boolean
}

const DEPTH_MAXIMUM = 1_000

/**
 * Reads XML a chunk at a time, so that memory does not grow with it. Entities of a document type are never expanded: they, like anything
 * else that is not well formed, end the reading.
 */
export async function readXml(chunks: AsyncIterable<Buffer>, { open, close, text, enough }: XmlHandlers): Promise<void> {
  const parser = new SaxesParser({ position: false, xmlns: false })
  let depth = 0
  let problem: Error | null = null
  parser.on('error', error => {
    problem ??= error
  })
  parser.on('doctype', () => {
    problem ??= new Error('an Office file declares no document type')
  })
  parser.on('opentag', tag => {
    depth += 1
    if (depth > DEPTH_MAXIMUM) problem ??= new Error('nested too deeply')
    open?.(localName(tag.name), localNames(tag.attributes))
  })
  parser.on('closetag', tag => {
    depth -= 1
    close?.(localName(tag.name))
  })
  if (text) parser.on('text', text)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of chunks) {
      parser.write(decoder.decode(chunk, { stream: true }))
      if (problem) throw problem
      if (enough?.()) return
    }
    parser.close()
    if (problem) throw problem
  } catch (error) {
    if (error instanceof UnsafeArchive) throw error
    throw new UnsafeArchive('Its XML is damaged.', { cause: error })
  }
}

const localName = (name: string) => name.slice(name.indexOf(':') + 1)

function localNames(attributes: Record<string, string>): Record<string, string> {
  for (const name in attributes) if (name.includes(':')) return withLocalNames(attributes)
  return attributes
}

const withLocalNames = (attributes: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [localName(name), value]))
