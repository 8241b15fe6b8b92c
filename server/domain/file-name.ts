import { type FileKind, fileKinds } from '../../contract/files.ts'
import { withoutInvisible } from './fenced-data.ts'

/** What we answer with as `Content-Type`; what the client claimed is not looked at. */
export const contentTypes: Record<FileKind, string> = {
  txt: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
}

/** With the ending, in UTF-16 units; far below the 255 bytes of a file system even where every character takes three. */
const NAME_MAXIMUM = 80

/** A name that can be shown, stored and sent in a header, and the kind that its ending says. */
export interface FileName {
  filename: string
  /** Null for an ending that is not served, or none. */
  kind: FileKind | null
}

/** Keeps what a person would recognise: the last part of a path, without control characters, direction marks and surrounding dots. */
export function safeFileName(given: string): FileName {
  const plain = withoutInvisible(given.toWellFormed().normalize('NFC'))
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\uFFFD]/gu, '')
    .replace(/[<>:"|?*]/g, '_')
  const last = (plain.split(/[/\\]/).at(-1) ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[. ]+$/, '')
  const [, stem = last, ending = ''] = /^(.*)\.([^.]*)$/.exec(last) ?? []
  const kind = fileKinds.find(each => each === ending.toLowerCase()) ?? null
  const shown =
    stem
      .replace(/^[. ]+|[. ]+$/g, '')
      .slice(0, NAME_MAXIMUM - 5)
      .toWellFormed()
      .replaceAll('\uFFFD', '')
      .trim() || 'file'
  return { filename: kind ? `${shown}.${kind}` : shown, kind }
}

/** The kind of a stored file, whose name `safeFileName` has made. */
export const kindOfStored = (filename: string): FileKind => fileKinds.find(kind => filename.endsWith(`.${kind}`)) ?? 'txt'
