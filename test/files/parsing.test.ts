import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FIXTURES, newRoom, parsed, upload, useFileProgram } from './file-program.ts'

// report.docx, report.pdf, figures.xlsx and sales.csv were written by LibreOffice 7.4 from report.fodt and figures.fods beside them.

const program = await useFileProgram()
const ada = await program.user('ada')
const roomId = await newRoom(ada)

async function textOf(name: string, content: Buffer | string = readFileSync(path.join(FIXTURES, name))): Promise<string> {
  const file = await upload(ada, program, `/rooms/${roomId}`, name, content)
  expect(file.status, JSON.stringify(file.body)).toBe(201)
  const { parse_status, error_message, text } = await parsed(ada, file.body.id)
  expect({ parse_status, error_message }).toEqual({ parse_status: 'completed', error_message: null })
  return text
}

const REPORT = `# Quarterly report
The year began well: sales in Zürich rose by 12 % – “better than planned”, as Žofia wrote.
## Figures by region
Region\tRevenue\tChange
North\t1,200.50\t+12 %
South and islands\t980.00\t−3 %
## What follows
- Hire two people
- Open the store
In this order:
1. Plan
2. Build
Costs are estimates[1]. Здравствуйте, κόσμε.
Left\tRight
Next line
[1] Before taxes.
`

test('a Word document gives headings, lists, footnotes and tables as rows', async () => {
  expect((await textOf('report.docx')).trim()).toBe(REPORT.trim())
})

test('a PDF gives its lines, the cells of tables apart', async () => {
  const text = await textOf('report.pdf')
  expect(text).toContain('Region\tRevenue\tChange\nNorth\t1,200.50\t+12 %\n')
  expect(text).toContain('sales in Zürich rose by 12 % – “better than planned”, as')
  expect(text).toContain('1. Plan\n2. Build\n')
  expect(text).toContain('Здравствуйте, κόσμε.')
  expect(text).toContain('Before taxes.')
})

test('a workbook gives every sheet as rows, dates, shares and truth as people read them', async () => {
  expect(await textOf('figures.xlsx')).toBe(
    [
      '# Sales 2026',
      'Date\tCustomer\tAmount\tShare\tPaid',
      '2026-01-15\tMüller & Söhne\t1200.5\t60%\tTRUE',
      '2026-02-28\tTwo lines\t800\t40%\tFALSE',
      '\tTotal\t2000.5',
      '08:30\t2026-03-01 14:45\t#DIV/0!',
      '',
      '# Notes',
      'Merged heading',
      'a\tb',
      '\n',
    ].join('\n'),
  )
})

test('CSV gives rows, whatever separates its cells', async () => {
  expect(await textOf('sales.csv')).toContain('2026-01-15\tMüller & Söhne\t1200.5\t60%\tTRUE\n2026-02-28\tTwo lines\t800\t40%\tFALSE\n')
  expect(await textOf('semicolons.csv', 'a;b\r\n"x;y";"two\nlines"\r\n')).toBe('a\tb\nx;y\ttwo lines\n')
  expect(await textOf('uneven.csv', 'a,b\n1\n1,2,3\n')).toBe('a\tb\n1\n1\t2\t3\n')
})

test('text is kept as it is, in UTF-8 or UTF-16, with one kind of line end', async () => {
  expect(await textOf('notes.md', '# Grüße\r\n\r\n日本語 😀\r')).toBe('# Grüße\n\n日本語 😀\n')
  expect(await textOf('bom.txt', '\uFEFFfirst')).toBe('first')
  expect(await textOf('utf16.txt', Buffer.from('\uFEFFGrüße\n', 'utf16le'))).toBe('Grüße\n')
})

test('a long text is told in portions that join to the whole', async () => {
  const whole = 'äx😀\n'.repeat(300_000)
  const file = await upload(ada, program, `/rooms/${roomId}`, 'long.txt', whole)
  await parsed(ada, file.body.id)
  let joined = ''
  for (let offset: number | null = 0; offset !== null; ) {
    const { body } = await ada.get(`/files/${file.body.id}/text?offset=${offset}&limit=499999`)
    expect(body).toMatchObject({ offset, total_characters: 1_200_000 })
    joined += body.text
    offset = body.next_offset
  }
  expect(joined === whole).toBe(true)
})
