import { useMutation } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import { download } from '../../api/download.ts'
import { Notice } from '../../ui/notice.tsx'

export function ExportAll() {
  const take = useMutation({ mutationFn: () => download('/users/me/export', {}, 'application/x-ndjson', 'pantheon-export.jsonl') })
  return (
    <>
      {take.error && <Notice tone="bad">{take.error.message} Try again.</Notice>}
      <div>
        <button type="button" className="button" disabled={take.isPending} onClick={() => take.mutate()}>
          <Download size={14} aria-hidden /> {take.isPending ? 'Gathering…' : 'Take everything along'}
        </button>
      </div>
    </>
  )
}
