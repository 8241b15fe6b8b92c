import type { Entry } from 'yauzl'
import type { Archive } from '../archive.ts'
import { readXml } from '../xml.ts'

/** From a style's id, which is translated in every language of Word, to the level of a heading. */
export type HeadingStyles = Map<string, number>

/** Whether a list is numbered, by its id and the level in it, as in `"3:0"`. */
export type ListFormats = Map<string, boolean>

export async function readHeadingStyles(archive: Archive, styles: Entry | undefined): Promise<HeadingStyles> {
  const levels: HeadingStyles = new Map()
  let styleId = ''
  if (styles)
    await readXml(archive.open(styles), {
      open(name, attributes) {
        if (name === 'style') styleId = attributes.styleId ?? ''
        const level = name === 'name' ? /^heading ([1-6])$/i.exec(attributes.val ?? '')?.[1] : undefined
        if (level) levels.set(styleId, Number(level))
      },
    })
  return levels
}

export async function readListFormats(archive: Archive, numbering: Entry | undefined): Promise<ListFormats> {
  const isNumbered = new Map<string, boolean>()
  const lists: ListFormats = new Map()
  let abstractId = ''
  let listId = ''
  let level = ''
  if (numbering)
    await readXml(archive.open(numbering), {
      open(name, { val = '', ...attributes }) {
        if (name === 'abstractNum') abstractId = attributes.abstractNumId ?? ''
        if (name === 'lvl') level = attributes.ilvl ?? '0'
        if (name === 'numFmt') isNumbered.set(`${abstractId}:${level}`, val !== 'bullet' && val !== 'none')
        if (name === 'num') listId = attributes.numId ?? ''
        // Lists come behind what they are made from.
        if (name === 'abstractNumId') for (const [key, value] of formatsOf(isNumbered, val)) lists.set(`${listId}:${key}`, value)
      },
    })
  return lists
}

const formatsOf = (isNumbered: Map<string, boolean>, abstractId: string): [string, boolean][] =>
  [...isNumbered].filter(([key]) => key.startsWith(`${abstractId}:`)).map(([key, value]) => [key.slice(abstractId.length + 1), value])
