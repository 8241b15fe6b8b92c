import type { FoundMessagePage, SearchQuery } from '../../contract/search.ts'
import type { Caller } from '../domain/caller.ts'
import type { Database } from '../store/database.ts'
import { searchMessages as find } from '../store/search.ts'

export async function searchMessages(deps: { database: Database }, caller: Caller, { q, ...page }: SearchQuery): Promise<FoundMessagePage> {
  return await find(deps.database, caller.userId, q, page)
}
