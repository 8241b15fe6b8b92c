import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { ApiKeyRead } from '../../../contract/api-keys.ts'
import { call } from '../../api/client.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { day } from '../../ui/time.ts'
import { wordsOfScopes } from './api-key-scopes.ts'
import { NewApiKey } from './new-api-key.tsx'
import { RevokeApiKey } from './revoke-api-key.tsx'

/** Keys for programs that act as their maker. */
export function ApiKeys() {
  const { data, error } = useQuery({ queryKey: ['api-keys'], queryFn: () => call('GET /users/me/api-keys', {}) })
  const [isMaking, setMaking] = useState(false)
  const [revoked, setRevoked] = useState<ApiKeyRead | null>(null)
  const columns: Column<ApiKeyRead>[] = [
    {
      title: 'Key',
      cell: key => (
        <>
          {key.name}
          <br />
          <span className="tiny faint mono">{key.prefix}…</span>
          <br />
          <span className="tiny muted">{wordsOfScopes(key.scopes)}</span>
        </>
      ),
    },
    { title: 'Made', figure: true, cell: key => day(key.created_at) },
    { title: 'Last used', figure: true, cell: key => (key.last_used_at ? day(key.last_used_at) : 'never') },
    { title: 'Ends', figure: true, cell: key => <End at={key.expires_at} /> },
    {
      title: 'Revoke',
      cell: key => (
        <button type="button" className="link" onClick={() => setRevoked(key)} aria-label={`Revoke ${key.name}`}>
          Revoke
        </button>
      ),
    },
  ]
  return (
    <section className="section" aria-labelledby="api-keys">
      <div className="section-head">
        <h2 id="api-keys">API keys</h2>
        <button type="button" className="button push" onClick={() => setMaking(true)}>
          <Plus size={15} aria-hidden /> New key
        </button>
      </div>
      <p className="small muted">
        For programs that act as you: a key is the bearer token of the <a href="/api/docs">API</a>. What they spend is paid from your
        credits.
      </p>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="your keys" />}
      {data && <Table caption="API keys" columns={columns} rows={data} keyOf={key => key.id} empty="No keys yet." />}
      <Dialog title="New API key" open={isMaking} onClose={() => setMaking(false)}>
        <NewApiKey onDone={() => setMaking(false)} />
      </Dialog>
      <Dialog title="Revoke the key" open={revoked !== null} onClose={() => setRevoked(null)}>
        {revoked && <RevokeApiKey apiKey={revoked} onDone={() => setRevoked(null)} />}
      </Dialog>
    </section>
  )
}

function End({ at }: { at: string | null }) {
  if (at === null) return 'never'
  return new Date(at).getTime() < Date.now() ? <span className="badge warn">ended {day(at)}</span> : day(at)
}
