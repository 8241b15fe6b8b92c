import { TextDecoder } from 'node:util'

/** Bytes that are no text; the message is a sentence for people. */
export class BinaryText extends Error {
  override name = 'BinaryText'
}

/** What file(1) calls no text: control characters other than tab, line ends, bell, backspace, form feed and escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const BINARY = /[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]/

/** UTF-8, or UTF-16 where a byte order mark says so (Excel's "Unicode text"); the mark itself is left out. Rejects with `BinaryText`. */
export async function* decodeText(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  let decoder: TextDecoder | null = null
  // Held back until there is enough to tell the encoding by.
  let start: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes: Buffer = decoder ? chunk : Buffer.concat([start, chunk])
    if (!decoder && bytes.length < 2) {
      start = bytes
      continue
    }
    decoder ??= decoderOf(bytes)
    yield decoded(decoder, bytes, true)
  }
  yield decoder ? decoded(decoder, undefined, false) : decoded(decoderOf(start), start, false)
}

function decoderOf(bytes: Buffer): TextDecoder {
  const mark = bytes.toString('latin1', 0, 2)
  const encoding = mark === '\xff\xfe' ? 'utf-16le' : mark === '\xfe\xff' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding, { fatal: true })
}

function decoded(decoder: TextDecoder, bytes: Buffer | undefined, more: boolean): string {
  let text: string
  try {
    text = decoder.decode(bytes, { stream: more })
  } catch {
    throw new BinaryText('The content is not text in UTF-8. Save it as UTF-8 and upload it again.')
  }
  if (BINARY.test(text)) throw new BinaryText('The content is not text: it holds binary characters.')
  return text
}
