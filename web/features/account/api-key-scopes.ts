import type { ApiKeyScope } from '../../../contract/api-keys.ts'

type OwnScope = Exclude<ApiKeyScope, 'admin'>

export const ownScopes: { scope: OwnScope; name: string; about: string }[] = [
  { scope: 'read', name: 'Read', about: 'All that you may read, and nothing else.' },
  { scope: 'turns', name: 'Read and ask', about: 'That, and open sessions and run turns, which costs credits.' },
  { scope: 'write', name: 'Everything of yours', about: 'That, and make, change and delete rooms, agents and files.' },
]

export function wordsOfScopes(scopes: readonly ApiKeyScope[]): string {
  const own = ownScopes.findLast(({ scope }) => scopes.includes(scope))?.name ?? 'Nothing'
  return scopes.includes('admin') ? `${own}, administration` : own
}
