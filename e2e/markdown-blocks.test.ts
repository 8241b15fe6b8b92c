import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMarkdownReader } from '../web/ui/markdown-blocks.ts'
import { HOSTILE } from './hostile-markdown.ts'

const PIECES = [
  ...[
    'word',
    ' ',
    '\n',
    '\n\n',
    '# ',
    '- ',
    '1. ',
    '   ',
    '> ',
    '```\n',
    '~~~',
    '***',
    '---',
    '| a | b |\n|---|---|\n',
    '| 1 | 2 |\n',
    '    code',
  ],
  ...[
    '**',
    '_',
    '`',
    '~~',
    '[a][r]',
    '[r]: https://x.example\n',
    '[b](https://y.example)',
    '<b>',
    '</b>',
    '<div>\n',
    '\r\n',
    '\t',
    '===',
    '- [x] ',
  ],
  ...['&amp;', '\\*', 'https://z.example', '![p](q.png)', 'é', '漢字', '🙂'],
]
const documents = fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map(pieces => pieces.join(''))

const whole = (text: string) => createMarkdownReader().read(text, false)

/** White space at the end of a token's source is shown by nobody. */
const told = (blocks: readonly object[]) => JSON.stringify(blocks, (name, value) => (name === 'raw' ? value.trimEnd() : value), 1)

/** What is left when the text has come bit by bit. */
function grown(text: string, cuts: readonly number[]) {
  const reader = createMarkdownReader()
  for (const cut of cuts.map(each => each % (text.length + 1)).sort((one, other) => one - other)) reader.read(text.slice(0, cut), true)
  return reader.read(text, false)
}

test('text that came bit by bit is read as text that was there at once', () => {
  fc.assert(
    fc.property(documents, fc.array(fc.nat(400), { maxLength: 30 }), (text, cuts) => {
      expect(told(grown(text, cuts))).toBe(told(whole(text)))
    }),
    { numRuns: 2_000, seed: 20_261_125 },
  )
})

test('hostile text, cut anywhere, is read as at once', () => {
  for (const text of HOSTILE)
    expect(
      grown(
        text,
        Array.from(text, (_, at) => at),
      ),
    ).toEqual(whole(text))
})

test('blocks that are over keep their identity while the text grows', () => {
  const reader = createMarkdownReader()
  const first = reader.read('One.\n\n- a\n- b\n\nTwo\nis', true)
  const second = reader.read('One.\n\n- a\n- b\n\nTwo\nis longer', true)
  expect(second.map(block => block.type)).toEqual(['paragraph', 'list', 'paragraph'])
  expect(second[0]).toBe(first[0])
  expect(second[1]).toBe(first[1])
  expect(second[2]).not.toBe(first[2])
})

test('a link is found whose address was told later', () => {
  const reader = createMarkdownReader()
  reader.read('See [it][r].\n\nMore.\n\n', true)
  const [paragraph] = reader.read('See [it][r].\n\nMore.\n\n[r]: https://x.example\n', false)
  expect(JSON.stringify(paragraph)).toContain('"href":"https://x.example"')
})

test('a text that is replaced is read anew', () => {
  const reader = createMarkdownReader()
  reader.read('One.\n\nTwo.\n\nThree', true)
  expect(reader.read('Other.', true)).toEqual(whole('Other.'))
})

test('nesting without end is read in bounded time', () => {
  for (const text of ['>'.repeat(5_000), '- '.repeat(3_000), '['.repeat(5_000), '*a '.repeat(3_000), '`'.repeat(5_000)]) {
    const begun = Date.now()
    expect(whole(text).length).toBeGreaterThan(0)
    expect(Date.now() - begun).toBeLessThan(10_000)
  }
})
