import { access, constants, copyFile, mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ObjectStorage } from './object-storage.ts'

/** Objects as files below `folder`, which only the program's own user can read. */
export function createLocalStorage(folder: string): ObjectStorage {
  const placeOf = (key: string) => path.join(folder, key)
  return {
    async put(key, source) {
      const place = placeOf(key)
      await mkdir(path.dirname(place), { recursive: true, mode: 0o700 })
      const draft = `${place}.draft`
      try {
        await copyFile(source, draft)
        await sync(draft)
        await rename(draft, place)
      } catch (error) {
        await rm(draft, { force: true })
        throw error
      }
      await sync(path.dirname(place))
    },
    async get(key) {
      const file = await open(placeOf(key)).catch(absent)
      return file?.createReadStream() ?? null
    },
    remove: key => rm(placeOf(key), { force: true }),
    async check() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await access(folder, constants.R_OK | constants.W_OK)
    },
  }
}

/** A rename survives a crash of the machine only once the folder has been synced as well. */
async function sync(place: string): Promise<void> {
  const handle = await open(place, 'r')
  try {
    await handle.sync()
  } catch (error) {
    // Windows syncs no folders.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  } finally {
    await handle.close()
  }
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
