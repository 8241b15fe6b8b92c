import type { Database } from '../store/database.ts'
import { readTurnFile, type TurnFileScope } from '../store/files.ts'
import type { ReadableFiles } from '../tools/file-read.ts'

/** The files of a turn's room or session, for the tool that reads them. */
export const turnFiles = (database: Database, scope: TurnFileScope): ReadableFiles => ({
  async read(fileId, offset, characters) {
    const file = await readTurnFile(database, scope, fileId, offset, characters)
    if (file?.parse_status !== 'completed') return file && { status: file.parse_status }
    return { status: 'completed', filename: file.filename, portion: file.text ?? '', totalCharacters: file.total_characters ?? 0 }
  },
})
