import type { Database } from '../store/database.ts'
import { failFile } from '../store/files.ts'

/** For a file whose job was tried again until it was given up: nothing stays pending. */
export async function giveUpFile(deps: { database: Database }, fileId: string): Promise<void> {
  await failFile(deps.database, fileId, 'It could not be read: the parser did not come to an end, several times. Upload it again.')
}
