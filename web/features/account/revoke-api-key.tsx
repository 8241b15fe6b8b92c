import { useMutation } from '@tanstack/react-query'
import type { ApiKeyRead } from '../../../contract/api-keys.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'

export function RevokeApiKey({ apiKey, onDone }: { apiKey: ApiKeyRead; onDone: () => void }) {
  const revoke = useMutation({
    mutationFn: () => call('DELETE /users/me/api-keys/{api_key_id}', { path: { api_key_id: apiKey.id } }),
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ['api-keys'] })
      onDone()
    },
  })
  return (
    <div className="stack">
      {revoke.error && <Notice tone="bad">{revoke.error.message} The key still holds; try again.</Notice>}
      <p className="small">
        Programs that use <b>{apiKey.name}</b> are refused within five seconds, and their open answers end. This cannot be taken back.
      </p>
      <div className="row">
        <button type="button" className="button danger" disabled={revoke.isPending} onClick={() => revoke.mutate()}>
          Revoke
        </button>
        <button type="button" className="button quiet" onClick={onDone}>
          Keep it
        </button>
      </div>
    </div>
  )
}
