import type { ApiKeyCreate, ApiKeyCreated } from '../../contract/api-keys.ts'
import { makeApiKey } from '../accounts/api-key.ts'
import type { Caller } from '../domain/caller.ts'
import { invalid, Refusal } from '../domain/refusal.ts'
import { insertApiKey } from '../store/api-keys.ts'
import type { Database } from '../store/database.ts'

const KEYS_MAXIMUM = 100

/** The answer holds the key itself, which nobody can read again. */
export async function createApiKey(deps: { database: Database }, caller: Caller, wish: ApiKeyCreate): Promise<ApiKeyCreated> {
  const { expires_at: expiresAt = null, name, scopes } = wish
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) throw invalid('expires_at', 'must be in the future')
  const { key, prefix, sha256 } = makeApiKey()
  const row = { userId: caller.userId, name, scopes, prefix, keySha256: sha256, expiresAt }
  const made = await insertApiKey(deps.database, row, KEYS_MAXIMUM)
  if (!made) throw new Refusal('conflict', `You have ${KEYS_MAXIMUM} API keys already. Revoke one first.`)
  return { ...made, key }
}
