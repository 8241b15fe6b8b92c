import { validate as isUuid } from 'uuid'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import type { ApiKeyDirectory } from '../store/api-key-directory.ts'
import { deleteApiKey } from '../store/api-keys.ts'
import type { Database } from '../store/database.ts'

export interface RevokeApiKeyDependencies {
  database: Database
  authentication: { apiKeys: Pick<ApiKeyDirectory, 'forgetKey'> }
}

/** Other replicas hear of it by the change signal. */
export async function revokeApiKey(deps: RevokeApiKeyDependencies, caller: Caller, keyId: string): Promise<void> {
  if (!isUuid(keyId) || !(await deleteApiKey(deps.database, caller.userId, keyId))) throw notFound('API key')
  deps.authentication.apiKeys.forgetKey(keyId)
}
