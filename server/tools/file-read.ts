import { z } from 'zod'
import { fencedData } from '../domain/fenced-data.ts'
import type { Tool, ToolResult } from './tool.ts'
import { readToolArguments } from './tool-arguments.ts'

/** What became of parsing a file; a portion of its text is there only when it worked. Characters are code points, so none is ever split. */
export type ReadableFileContent =
  | { status: 'completed'; filename: string; portion: string; totalCharacters: number }
  | { status: 'pending' }
  | { status: 'failed' }

/** The files that one turn may read: those of its room, or of its standalone session. */
export interface ReadableFiles {
  /** `fileId` is a UUID. Null for a file that is not among them, whether it is somebody else's, was deleted or never existed. */
  read(fileId: string, offset: number, characters: number): Promise<ReadableFileContent | null>
}

/** Characters told at a time. */
const PORTION = 24_000
/** Far behind the end of any text, and still a whole number of the database. */
const OFFSET_MAXIMUM = 1_000_000_000

const FileReadArguments = z.object({
  file_id: z.string().trim(),
  // Models write numbers as strings now and then.
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(OFFSET_MAXIMUM)
    .nullish()
    .transform(offset => offset ?? 0),
})

/** The tool `file_read(file_id, offset?)`: parsed text, 24,000 characters at a time, fenced as data. */
export const createFileReadTool = (files: ReadableFiles): Tool => ({
  definition: {
    name: 'file_read',
    description: `Reads the text of a file, ${PORTION} characters at a time.`,
    parameters: {
      type: 'object',
      properties: {
        file_id: { type: 'string', description: 'The id of the file, from the list of files' },
        offset: { type: 'integer', minimum: 0, description: 'Where to begin, in characters; 0 when left out' },
      },
      required: ['file_id'],
    },
  },
  async run(args) {
    const read = readToolArguments(FileReadArguments, args)
    if (read.kind === 'bad') return read.result
    const { file_id, offset } = read.value
    const file = z.uuid().safeParse(file_id).success ? await files.read(file_id, offset, PORTION) : null
    if (!file) return { kind: 'error', message: 'There is no file with this id. Use an id from the list of files.' }
    if (file.status === 'pending') return { kind: 'error', message: 'This file is still being parsed. Answer without it for now.' }
    if (file.status === 'failed') return { kind: 'error', message: 'This file could not be parsed, so it has no text to read.' }
    return told(file, offset)
  },
})

function told({ filename, portion, totalCharacters }: Extract<ReadableFileContent, { status: 'completed' }>, offset: number): ToolResult {
  if (totalCharacters === 0) return { kind: 'ok', text: 'This file has no text.', summary: 'no text' }
  if (offset >= totalCharacters)
    return { kind: 'error', message: `The offset is behind the end: this file has ${totalCharacters} characters.` }
  const end = Math.min(offset + PORTION, totalCharacters)
  const goOn = end < totalCharacters ? `To read on, call file_read with offset ${end}.` : 'This is the end of the file.'
  const place = `Characters ${offset} to ${end} of ${totalCharacters}.`
  return { kind: 'ok', text: `${place} ${goOn}\n${fencedData(`the file ${filename}`, portion)}`, summary: place }
}
