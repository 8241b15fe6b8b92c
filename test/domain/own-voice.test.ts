import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createOwnVoice, stopSequences } from '../../server/domain/own-voice.ts'

const others = ['Ben', 'Ben Lee', 'Bo', 'Müller']

function read(chunks: string[], names = others) {
  const voice = createOwnVoice(names)
  const shown = chunks.map(chunk => voice.push(chunk))
  return { text: shown.join('') + voice.end(), ended: voice.ended, shown }
}

describe('an answer', () => {
  it.each([
    ['My view.\nBen: I agree', 'My view.'],
    ['My view.\n\nBen: I agree', 'My view.'],
    ['My view.\r\n\r\n[Ben]: I agree', 'My view.\r'],
    ['One\nTwo\nBen Lee: hello\nThree', 'One\nTwo'],
    ['a\nBe\nBo: x', 'a\nBe'],
    ['a\nMüller:', 'a'],
    ['```\ncode\nBen: 1\n```', '```\ncode'],
    ['\nBen: hello', ''],
  ])('ends where another speaker would start: %j', (answer, own) => {
    expect(read([answer])).toMatchObject({ text: own, ended: true })
  })

  it.each([
    'I think Ben: is right',
    'Ben: a first line may address someone',
    'x\nBenjamin: is somebody else',
    'x\nBen is right',
    'x\nben: in another case',
    'x\n Ben: indented',
    'x\n- Ben: in a list',
    'x\n**Ben:** bold',
    'x\nBen',
    'x\n[Ben]',
    'x\n[Ben] says: y',
    'x\n\n\n',
    '',
  ])('is left as it is: %j', answer => {
    expect(read([answer])).toMatchObject({ text: answer, ended: false })
  })

  it('shows nothing more after its end', () => {
    const voice = createOwnVoice(others)
    expect(voice.push('a\nBen: b')).toBe('a')
    expect(voice.push('c\nd')).toBe('')
    expect(voice.end()).toBe('')
  })

  it('flows through untouched, and is held only while a line start may still become a name', () => {
    expect(read(['plain ', 'text', '\n', 'B', 'en', 'jamin', ' said\nso', '\nBe', 't\nen']).shown).toEqual([
      'plain ',
      'text',
      '',
      '',
      '',
      '\nBenjamin',
      ' said\nso',
      '',
      '\nBet\nen',
    ])
  })

  it('is not held at all when nobody else is there', () => {
    expect(read(['a\n', '\n', 'b'], []).shown).toEqual(['a\n', '\n', 'b'])
  })

  const pieces = fc.array(
    fc.constantFrom('\n', '\r', 'B', 'Be', 'Ben', 'Ben:', 'Ben Lee:', 'Bo', ':', '[', ']', '[Ben]:', ' ', 'x', 'sentence ', '😀'),
    { maxLength: 25 },
  )

  it('reads the same however it is split', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.nat(6), { minLength: 1, maxLength: 40 }), (parts, lengths) => {
        const answer = parts.join('')
        const chunks: string[] = []
        for (let at = 0, turn = 0; at < answer.length; turn++) {
          const length = lengths[turn % lengths.length]! + (turn % lengths.length === 0 ? 1 : 0)
          chunks.push(answer.slice(at, at + length))
          at += length
        }
        const whole = read([answer])
        const split = read(chunks)
        expect(split.text).toBe(whole.text)
        expect(split.ended).toBe(whole.ended)
      }),
      { numRuns: 1000 },
    )
  })

  it('is the text before the first line that starts with a name, by any other reading', () => {
    fc.assert(
      fc.property(pieces, parts => {
        const answer = parts.join('')
        const match = /\n[\r\n]*(?:(?:Ben|Ben Lee|Bo|Müller):|\[(?:Ben|Ben Lee|Bo|Müller)\]:)/.exec(answer)
        expect(read([answer])).toMatchObject({ text: match ? answer.slice(0, match.index) : answer, ended: match !== null })
      }),
      { numRuns: 1000 },
    )
  })

  it('of many lines and many breaks is read in linear time', () => {
    const started = performance.now()
    read(Array.from({ length: 300_000 }, () => '\n'))
    read(['\nBe'.repeat(300_000)])
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('stop sequences', () => {
  it('are line starts of the other speakers, names before labels, no more than the provider takes', () => {
    expect(stopSequences(['Ben', 'Bo'])).toEqual(['\nBen:', '\nBo:', '\n[Ben]:', '\n[Bo]:'])
    expect(stopSequences(['A', 'B', 'C', 'D', 'E'])).toEqual(['\nA:', '\nB:', '\nC:', '\nD:'])
    expect(stopSequences(['A', 'A'], 1)).toEqual(['\nA:'])
    expect(stopSequences([])).toEqual([])
  })

  it('hold a name of several lines on one', () => {
    expect(stopSequences(['A\nB'], 1)).toEqual(['\nA B:'])
    expect(read(['x\nA B: y'], ['A\nB'])).toMatchObject({ text: 'x', ended: true })
  })
})
