import { crc32, deflateRawSync } from 'node:zlib'

// Archives as no honest program writes them.

export interface ZipPart {
  name: string
  content: Buffer | string
  /** Already deflated bytes, with what they come to. */
  deflated?: Buffer
  /** What the archive says the part unpacks to; the truth unless given. */
  claimedSize?: number
  crc?: number
  flags?: number
  /** Unix mode, for links. */
  mode?: number
}

export function zip(parts: ZipPart[], { claimedEntries = parts.length }: { claimedEntries?: number } = {}): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const content = Buffer.from(part.content as string)
    const data = part.deflated ?? deflateRawSync(content)
    const name = Buffer.from(part.name)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(part.crc ?? crc32(content), 0)
    sizes.writeUInt32LE(data.length, 4)
    sizes.writeUInt32LE(part.claimedSize ?? content.length, 8)
    const head = Buffer.alloc(10)
    head.writeUInt16LE(20, 0)
    head.writeUInt16LE(part.flags ?? 0, 2)
    head.writeUInt16LE(8, 4)
    const lengths = Buffer.alloc(4)
    lengths.writeUInt16LE(name.length, 0)
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), head, sizes, lengths, name, data])
    const place = Buffer.alloc(14)
    place.writeUInt32LE(((part.mode ?? 0o100644) << 16) >>> 0, 6)
    place.writeUInt32LE(offset, 10)
    const madeBy = Buffer.from([20, 3])
    centrals.push(Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), madeBy, head, sizes, lengths, place, name]))
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(centrals)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(claimedEntries, 4)
  end.writeUInt16LE(claimedEntries, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06', 'latin1'), end])
}

const TYPES = {
  docx: ['word/document.xml', 'wordprocessingml.document'],
  xlsx: ['xl/workbook.xml', 'spreadsheetml.sheet'],
} as const

/** The table of contents that makes an archive a docx or xlsx. */
export const contentTypes = (kind: 'docx' | 'xlsx', more = ''): ZipPart => ({
  name: '[Content_Types].xml',
  content: `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/${TYPES[kind][0]}" ContentType="application/vnd.openxmlformats-officedocument.${TYPES[kind][1]}.main+xml"/>${more}</Types>`,
})

const WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'

export const wordDocument = (body: string, prolog = '<?xml version="1.0"?>'): ZipPart => ({
  name: 'word/document.xml',
  content: `${prolog}<w:document ${WORD}><w:body>${body}</w:body></w:document>`,
})

/** `size` bytes that deflate to nearly nothing. */
export function zeros(name: string, size: number, claimedSize = size): ZipPart {
  const content = Buffer.alloc(size, 32)
  return { name, content: '', deflated: deflateRawSync(content, { level: 9 }), claimedSize, crc: crc32(content) }
}
