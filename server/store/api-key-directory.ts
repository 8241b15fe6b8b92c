import { type ApiKeyHolder, findApiKeyHolder, saveLastUses } from './api-keys.ts'
import type { Database } from './database.ts'
import { createRemembered } from './remembered.ts'

export interface ApiKeyDirectory {
  /** Null for a key that never was, or is revoked. */
  find(keySha256: string): Promise<ApiKeyHolder | null>
  /** Written a while later, for many uses at once. */
  noteUse(keyId: string): void
  /** `api_keys:<id>` of the change signal. */
  forgetKey(keyId: string): void
  /** `users:<id>` of the change signal. */
  forgetUser(userId: string): void
  /** `everything` of the change signal. */
  forgetEverything(): void
  /** Writes what is not written yet. */
  close(): Promise<void>
}

const WRITE_USES_AFTER_MS = 30_000

/** API keys by their digests, each remembered for a few seconds. */
export function createApiKeyDirectory(database: Pick<Database, 'statement'>, onError: (error: Error) => void): ApiKeyDirectory {
  const holders = createRemembered<ApiKeyHolder | null>()
  const uses = createUses(database, onError)
  return {
    find: keySha256 => holders.get(keySha256, () => findApiKeyHolder(database, keySha256)),
    noteUse: uses.note,
    forgetKey: keyId => holders.forget(holder => holder.key_id === keyId),
    forgetUser: userId => holders.forget(holder => holder.id === userId),
    forgetEverything: () => holders.forget(() => true),
    close: uses.write,
  }
}

/** The last use of each key, in the process until the next write. */
function createUses(database: Pick<Database, 'statement'>, onError: (error: Error) => void) {
  let uses = new Map<string, string>()
  let timer: NodeJS.Timeout | null = null
  const write = async () => {
    if (timer) clearTimeout(timer)
    timer = null
    if (uses.size === 0) return
    const written = uses
    uses = new Map()
    // What a database that is away does not take is lost: the next use says more.
    await saveLastUses(database, written).catch(onError)
  }
  return {
    note(keyId: string) {
      uses.set(keyId, new Date().toISOString())
      timer ??= setTimeout(() => void write(), WRITE_USES_AFTER_MS).unref()
    },
    write,
  }
}
