import { describe, expect, it } from 'vitest'
import { taggedAgents } from '../../server/domain/tags.ts'

const agents = ['writer', 'critic', 'a', 'a-b', 'a_b', 'Zed'].map(key => ({ key }))
const tagged = (message: string) => taggedAgents(message, agents).map(({ key }) => key)

describe('the agents that a message tags', () => {
  it('come in the order of first mention, each once', () => {
    expect(tagged('@critic then @writer and @critic again')).toEqual(['critic', 'writer'])
  })

  it('match without case', () => {
    expect(tagged('@WRITER @zed')).toEqual(['writer', 'Zed'])
  })

  it('ignore tags of nobody', () => {
    expect(tagged('@nobody @writer')).toEqual(['writer'])
    expect(tagged('@nobody')).toEqual([])
    expect(tagged('no tag at all')).toEqual([])
    expect(tagged('@ writer')).toEqual([])
  })

  it.each([
    '@writer',
    ' @writer',
    'a\n@writer',
    'a\u00a0@writer',
    '(@writer)',
    '["@writer"]',
    "{'@writer'}",
    '“@writer”',
    '‘@writer’',
    '«@writer»',
    '»@writer«',
    '„@writer“',
    '¿@writer?',
    '¡@writer!',
    '「@writer」',
    '（@writer）',
  ])('may stand behind white space or opening punctuation: %j', message => {
    expect(tagged(message)).toEqual(['writer'])
  })

  it.each([
    'x@writer.com',
    'me@writer',
    ')@writer',
    '.@writer',
    ',@writer',
    '@@writer',
    '-@writer',
    '_@writer',
    '😀@writer',
    '请@writer',
    '/@writer',
  ])('stand nowhere else: %j', message => {
    expect(tagged(message)).toEqual([])
  })

  it('take no trailing full stop, comma or hyphen along', () => {
    for (const message of ['@writer.', '@writer,', '@writer-', '@writer--', '@writer-.', '@writer: hi', '@writer!', '@writer请']) {
      expect(tagged(message)).toEqual(['writer'])
    }
  })

  it('are read as the longest key there is', () => {
    expect(tagged('@a-b')).toEqual(['a-b'])
    expect(tagged('@a-b-')).toEqual(['a-b'])
    expect(tagged('@a_b')).toEqual(['a_b'])
    expect(tagged('@a-c')).toEqual([])
    expect(tagged('@a_')).toEqual([])
    expect(tagged('@writers')).toEqual([])
    expect(taggedAgents('@x- @x', [{ key: 'x' }, { key: 'x-' }]).map(({ key }) => key)).toEqual(['x-', 'x'])
  })

  it.each(['@', ' @', '-', '@a-', ' ', '@writer ', '@-', '(@'])('are found in linear time in a mebibyte of %j', part => {
    const started = performance.now()
    tagged(`${part.repeat(2 ** 20 / part.length)} @critic`)
    tagged(`@x${part.repeat(2 ** 20 / part.length)}`)
    expect(performance.now() - started).toBeLessThan(5000)
  })

  it('are found at the end of a mebibyte of hyphens', () => {
    expect(tagged(`@${'-'.repeat(2 ** 20)} @critic`)).toEqual(['critic'])
  })
})
