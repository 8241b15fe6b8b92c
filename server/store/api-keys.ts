import { v7 as uuidv7 } from 'uuid'
import type { Role } from '../../contract/accounts.ts'
import type { ApiKeyCreate, ApiKeyRead, ApiKeyScope } from '../../contract/api-keys.ts'
import type { Database } from './database.ts'

export interface NewApiKeyRow extends Omit<ApiKeyCreate, 'expires_at'> {
  userId: string
  prefix: string
  keySha256: string
  expiresAt: string | null
}

/** Null when the user has as many as `maximum` already. */
export async function insertApiKey(database: Database, key: NewApiKeyRow, maximum: number): Promise<ApiKeyRead | null> {
  const values = [uuidv7(), key.userId, key.name, key.prefix, key.keySha256, key.scopes, key.expiresAt, maximum]
  const [row] = await database.statement<ApiKeyRead>('insert_api_key', INSERT_API_KEY, values)
  return row ?? null
}

/** Newest first. */
export const listApiKeys = (database: Database, userId: string): Promise<ApiKeyRead[]> =>
  database.statement('list_api_keys', `select ${COLUMNS} from api_keys where user_id = $1 order by created_at desc, id desc`, [userId])

/** False when the user has no such key. */
export async function deleteApiKey(database: Database, userId: string, keyId: string): Promise<boolean> {
  const text = 'delete from api_keys where id = $1 and user_id = $2 returning id'
  return (await database.statement('delete_api_key', text, [keyId, userId])).length > 0
}

/** A key and the user that it acts as. */
export interface ApiKeyHolder {
  key_id: string
  scopes: ApiKeyScope[]
  expires_at: string | null
  id: string
  email: string | null
  email_verified: boolean
  role: Role
  suspended_at: string | null
  erased_at: string | null
}

export async function findApiKeyHolder(database: Pick<Database, 'statement'>, keySha256: string): Promise<ApiKeyHolder | null> {
  return (await database.statement<ApiKeyHolder>('find_api_key_holder', FIND_API_KEY_HOLDER, [keySha256]))[0] ?? null
}

export async function saveLastUses(database: Pick<Database, 'statement'>, uses: ReadonlyMap<string, string>): Promise<void> {
  await database.statement('save_last_uses', SAVE_LAST_USES, [[...uses.keys()], [...uses.values()]])
}

const COLUMNS = 'id, name, prefix, scopes, created_at, expires_at, last_used_at'

const INSERT_API_KEY = `
insert into api_keys (id, user_id, name, prefix, key_sha256, scopes, expires_at)
select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from api_keys where user_id = $2) < $8::integer
returning ${COLUMNS}`

const FIND_API_KEY_HOLDER = `
select api_keys.id as key_id, scopes, expires_at, users.id, email, email_verified, role, suspended_at, erased_at
from api_keys join users on users.id = api_keys.user_id where key_sha256 = $1`

const SAVE_LAST_USES = `
update api_keys set last_used_at = greatest(last_used_at, used.at)
from unnest($1::uuid[], $2::timestamptz[]) as used (id, at) where api_keys.id = used.id`
