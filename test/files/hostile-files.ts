import { readFileSync } from 'node:fs'
import path from 'node:path'
import { crc32, deflateRawSync, deflateSync } from 'node:zlib'
import { FIXTURES } from './file-program.ts'
import { contentTypes, wordDocument, zeros, zip } from './zip-writer.ts'

export interface HostileFile {
  about: string
  name: string
  /** Made when it is needed: some are large. */
  make: () => Buffer
}

const MEGABYTE = 1024 * 1024
const paragraph = '<w:p><w:r><w:t>hello</w:t></w:r></w:p>'
const noise = (bytes: number) => Buffer.from(Array.from({ length: bytes }, (_, index) => (index * 7919 + (index >> 3) * 104_729) & 255))

const docx = (...parts: Parameters<typeof zip>[0]) => zip([contentTypes('docx'), ...parts])

function pdf(objects: string[], root = 1): Buffer {
  let body = '%PDF-1.4\n'
  const offsets = objects.map((object, index) => {
    const at = Buffer.byteLength(body, 'latin1')
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const start = Buffer.byteLength(body, 'latin1')
  body += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`
  body += offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('')
  return Buffer.from(`${body}trailer\n<< /Size ${objects.length + 1} /Root ${root} 0 R >>\nstartxref\n${start}\n%%EOF\n`, 'latin1')
}

const stream = (dictionary: string, data: Buffer) =>
  `<< ${dictionary} /Length ${data.length} >>\nstream\n${data.toString('latin1')}\nendstream`
const flate = (data: Buffer) => deflateSync(data, { level: 9 })
const page = (contents: string) =>
  `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents ${contents} /Resources << /Font << /F 5 0 R >> >> >>`
const FONT = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'
const CATALOG = '<< /Type /Catalog /Pages 2 0 R >>'

/** A picture of 60,000 × 60,000 pixels, a few kilobytes long. */
function hugePicture(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(60_000, 0)
  header.writeUInt32BE(60_000, 4)
  header.set([1, 0, 0, 0, 0], 8)
  const data = deflateSync(Buffer.alloc(4 * MEGABYTE), { level: 9 })
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const laughs = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">${Array.from({ length: 30 }, (_, n) => `<!ENTITY a${n + 1} "&a${n};&a${n};">`).join('')}]>`
const outside = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'

export const hostileFiles: HostileFile[] = [
  { about: 'a bomb that says how large it is', name: 'a.docx', make: () => docx(zeros('word/document.xml', 300 * MEGABYTE)) },
  { about: 'a bomb that says it is small', name: 'b.docx', make: () => docx(zeros('word/document.xml', 300 * MEGABYTE, 10_000)) },
  {
    about: 'a bomb in a part that nobody reads',
    name: 'c.docx',
    make: () => docx(wordDocument(paragraph), zeros('word/media/x.bin', 300 * MEGABYTE, 5_000)),
  },
  {
    about: 'a workbook that unpacks to a hundred times its size',
    name: 'd.xlsx',
    make: () =>
      zip([contentTypes('xlsx'), { name: 'xl/workbook.xml', content: '<workbook/>' }, zeros('xl/worksheets/sheet1.xml', 20 * MEGABYTE)]),
  },
  {
    about: 'many parts that are small each and large together',
    name: 'e.docx',
    make: () => docx(wordDocument(paragraph), ...Array.from({ length: 60 }, (_, n) => zeros(`word/media/${n}.bin`, 5 * MEGABYTE))),
  },
  {
    about: 'an archive in an archive in an archive',
    name: 'f.docx',
    make: () => {
      let inner = zip([zeros('x', 10 * MEGABYTE)])
      for (let depth = 0; depth < 5; depth += 1) inner = zip(Array.from({ length: 10 }, (_, n) => ({ name: `${n}.zip`, content: inner })))
      return docx(wordDocument(paragraph), { name: 'word/media/more.zip', content: inner })
    },
  },
  {
    about: 'a link to a file of the system',
    name: 'g.docx',
    make: () => docx({ name: 'word/document.xml', content: '/etc/passwd', mode: 0o120777 }),
  },
  {
    about: 'a part whose name leads out',
    name: 'h.docx',
    make: () => docx(wordDocument(paragraph), { name: '../../../tmp/out.txt', content: 'x' }),
  },
  {
    about: 'a part whose name is absolute',
    name: 'i.docx',
    make: () => docx(wordDocument(paragraph), { name: '/etc/cron.d/x', content: 'x' }),
  },
  {
    about: 'sixty thousand parts',
    name: 'j.docx',
    make: () => docx(wordDocument(paragraph), ...Array.from({ length: 60_000 }, (_, n) => ({ name: `p/${n}`, content: '' }))),
  },
  { about: 'two parts of one name', name: 'k.docx', make: () => docx(wordDocument(paragraph), wordDocument('')) },
  {
    about: 'entities that laugh a billion times',
    name: 'l.docx',
    make: () => docx(wordDocument('<w:p><w:r><w:t>&a30;</w:t></w:r></w:p>', laughs)),
  },
  {
    about: 'an entity that names a file of the system',
    name: 'm.docx',
    make: () => docx(wordDocument('<w:p><w:r><w:t>&file;</w:t></w:r></w:p>', outside)),
  },
  {
    about: 'XML that is nested a hundred thousand times',
    name: 'n.docx',
    make: () => docx(wordDocument(Array.from({ length: 100_000 }, (_, n) => `<w:x${n}>`).join(''))),
  },
  {
    about: 'a document that ends in the middle',
    name: 'o.docx',
    make: () => readFileSync(path.join(FIXTURES, 'report.docx')).subarray(0, 5_000),
  },
  {
    about: 'a document with a password',
    name: 'p.docx',
    make: () => zip([contentTypes('docx'), { ...wordDocument(paragraph), flags: 1 }]),
  },
  {
    about: 'the container that Office puts protected documents into',
    name: 'q.docx',
    make: () => Buffer.concat([Buffer.from('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'latin1'), noise(4_096)]),
  },
  { about: 'a picture that calls itself a PDF', name: 'r.pdf', make: hugePicture },
  { about: 'nothing at all', name: 's.pdf', make: () => Buffer.alloc(0) },
  { about: 'a PDF that ends in the middle', name: 't.pdf', make: () => readFileSync(path.join(FIXTURES, 'report.pdf')).subarray(0, 900) },
  {
    about: 'a PDF whose pages are its own parents',
    name: 'u.pdf',
    make: () => pdf([CATALOG, '<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100000000 >>']),
  },
  {
    about: 'a PDF that unpacks to gigabytes',
    name: 'v.pdf',
    make: () => {
      // Deflated twice: a megabyte of this is a thousand of the next.
      const bomb = flate(flate(Buffer.alloc(900 * MEGABYTE, 'BT /F 1 Tf (x) Tj ET ')))
      return pdf([
        CATALOG,
        '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        page('4 0 R'),
        stream('/Filter [/FlateDecode /FlateDecode]', bomb),
        FONT,
      ])
    },
  },
  {
    about: 'a PDF with a password',
    name: 'w.pdf',
    make: () =>
      Buffer.from(
        pdf([CATALOG, '<< /Type /Pages /Kids [3 0 R] /Count 1 >>', page('4 0 R'), stream('', Buffer.from('BT ET')), FONT])
          .toString('latin1')
          .replace(
            '/Root 1 0 R',
            `/Root 1 0 R /Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -1 /O <${'ab'.repeat(32)}> /U <${'cd'.repeat(32)}> >> /ID [<${'01'.repeat(16)}> <${'01'.repeat(16)}>]`,
          ),
        'latin1',
      ),
  },
  {
    about: 'a program that calls itself text',
    name: 'x.txt',
    make: () => Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1'), noise(100_000)]),
  },
  { about: 'a CSV that is one endless cell', name: 'y.csv', make: () => Buffer.from(`a,b\n"${'x,\n'.repeat(MEGABYTE)}`) },
  {
    about: 'a workbook whose sheet is one endless text',
    name: 'z.xlsx',
    make: () => {
      const sheet = `<worksheet><sheetData><row><c t="inlineStr"><is><t>${'<'.repeat(3 * MEGABYTE)}`
      const target = '<Relationships><Relationship Id="r1" Target="worksheets/sheet1.xml"/></Relationships>'
      return zip([
        contentTypes('xlsx'),
        { name: 'xl/workbook.xml', content: '<workbook xmlns:r="r"><sheets><sheet name="s" r:id="r1"/></sheets></workbook>' },
        { name: 'xl/_rels/workbook.xml.rels', content: target },
        {
          name: 'xl/worksheets/sheet1.xml',
          content: '',
          deflated: deflateRawSync(Buffer.concat([Buffer.from(sheet), noise(MEGABYTE)])),
          claimedSize: sheet.length + MEGABYTE,
        },
      ])
    },
  },
]
