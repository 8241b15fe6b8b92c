import type { ApiKeyRead } from '../../contract/api-keys.ts'
import type { Caller } from '../domain/caller.ts'
import * as store from '../store/api-keys.ts'
import type { Database } from '../store/database.ts'

/** Newest first. */
export const listApiKeys = (deps: { database: Database }, caller: Caller): Promise<ApiKeyRead[]> =>
  store.listApiKeys(deps.database, caller.userId)
