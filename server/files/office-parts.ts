import type { Entry } from 'yauzl'
import { type Archive, UnsafeArchive } from './archive.ts'
import { readXml } from './xml.ts'

// Source: ECMA-376, part 2 (Open Packaging Conventions): `[Content_Types].xml` says what each part of an Office file is.

const MAIN = {
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml',
}

export type OfficeKind = keyof typeof MAIN

/** The parts of an archive by their content type. */
export type OfficeParts = Map<string, Entry[]>

const CONTENT_TYPES = '[Content_Types].xml'
/** A real one has a few kilobytes; a workbook of a thousand sheets a few hundred. */
const CONTENT_TYPES_MAXIMUM = 1024 * 1024

/** Null when the archive is no Office file of this kind. */
export async function officeParts(archive: Archive, kind: OfficeKind): Promise<OfficeParts | null> {
  const table = archive.entries.get(CONTENT_TYPES)
  if (!table || table.uncompressedSize > CONTENT_TYPES_MAXIMUM) return null
  const parts: OfficeParts = new Map()
  await readXml(archive.open(table), {
    open(name, attributes) {
      const entry = name === 'Override' ? archive.entries.get(attributes.PartName?.replace(/^\//, '') ?? '') : undefined
      if (entry) parts.set(attributes.ContentType ?? '', [...(parts.get(attributes.ContentType ?? '') ?? []), entry])
    },
  })
  return parts.has(MAIN[kind]) ? parts : null
}

export const mainPart = (parts: OfficeParts, kind: OfficeKind): Entry => {
  const main = parts.get(MAIN[kind])?.[0]
  if (!main) throw new UnsafeArchive('Its main part is missing.')
  return main
}
