import { useMutation, useQuery } from '@tanstack/react-query'
import { Paperclip, X } from 'lucide-react'
import { useRef, useState } from 'react'
import type { FileRead } from '../../../contract/files.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { queryClient } from '../../api/queries.ts'
import { type FileOwner, uploadFile } from '../../api/upload.ts'
import { bytes } from '../../ui/count.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'

const ACCEPTED = '.txt,.md,.csv,.pdf,.docx,.xlsx'
const PENDING_POLL_MS = 1_000

interface Upload {
  name: string
  fraction: number
}

const listOf = (owner: FileOwner) =>
  owner.kind === 'room'
    ? call('GET /rooms/{room_id}/files', { path: { room_id: owner.id } })
    : call('GET /sessions/{session_id}/files', { path: { session_id: owner.id } })

/** Documents that agents with the file tool may read. */
export function Files({ owner }: { owner: FileOwner }) {
  const key = ['files', owner.kind, owner.id]
  const { data = [] } = useQuery({
    queryKey: key,
    queryFn: () => listOf(owner),
    retry: false,
    refetchInterval: query => (query.state.data?.some(file => file.parse_status === 'pending') ? PENDING_POLL_MS : false),
  })
  const [uploads, setUploads] = useState<Upload[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const [read, setRead] = useState<FileRead | null>(null)
  const [doomed, setDoomed] = useState<FileRead | null>(null)
  const input = useRef<HTMLInputElement>(null)
  const refresh = () => queryClient.invalidateQueries({ queryKey: key })
  const remove = useMutation({
    mutationFn: (file_id: string) => call('DELETE /files/{file_id}', { path: { file_id } }),
    onSettled: async () => {
      setDoomed(null)
      await refresh()
    },
  })

  const upload = async (file: File) => {
    const showAt = (fraction: number) =>
      setUploads(list => [...list.filter(each => each.name !== file.name), { name: file.name, fraction }])
    showAt(0)
    try {
      await uploadFile(owner, file, showAt)
      await refresh()
    } catch (error) {
      setProblem(`${file.name}: ${sentenceOf(asProblem(error).code, asProblem(error).message)}`)
    } finally {
      setUploads(list => list.filter(each => each.name !== file.name))
    }
  }
  const take = (files: Iterable<File>) => {
    setProblem(null)
    for (const file of files) void upload(file)
  }
  return (
    <section
      aria-labelledby="files"
      onDragOver={event => event.dataTransfer.types.includes('Files') && event.preventDefault()}
      onDrop={event => {
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        take(event.dataTransfer.files)
      }}
    >
      <div className="section-head">
        <h2 id="files">Files</h2>
        <button type="button" className="icon-button small" onClick={() => input.current?.click()} aria-label="Upload files">
          <Paperclip size={14} aria-hidden />
        </button>
        <input
          ref={input}
          type="file"
          hidden
          multiple
          accept={ACCEPTED}
          aria-label="Files to upload"
          onChange={event => {
            take([...(event.target.files ?? [])])
            event.target.value = ''
          }}
        />
      </div>
      {(problem ?? remove.error?.message) && <Notice tone="bad">{problem ?? remove.error?.message}</Notice>}
      <ul className="plain">
        {uploads.map(each => (
          <li key={each.name} className="file small">
            <span className="clip">{each.name}</span>
            <span className="tiny faint num">{Math.round(each.fraction * 100)} %</span>
            <progress className="progress" max={1} value={each.fraction} aria-label={`Uploading ${each.name}`} />
          </li>
        ))}
        {data.map(file => (
          <li key={file.id} className="file small">
            <button type="button" className="clip" title={`${file.filename}, ${bytes(file.file_size)}`} onClick={() => setRead(file)}>
              {file.filename}
            </button>
            <ParseState file={file} />
            <button type="button" className="icon-button small" onClick={() => setDoomed(file)} aria-label={`Delete ${file.filename}`}>
              <X size={13} aria-hidden />
            </button>
          </li>
        ))}
      </ul>
      {data.length + uploads.length === 0 && (
        <p className="tiny faint pad">PDF, Word, Excel, CSV, text. Agents with the file tool can read them.</p>
      )}
      <Dialog title={read?.filename ?? ''} kind="dialog wide" open={read !== null} onClose={() => setRead(null)}>
        {read && <ParsedText file={read} />}
      </Dialog>
      <Dialog title="Delete the file" open={doomed !== null} onClose={() => setDoomed(null)}>
        {doomed && (
          <div className="stack">
            <p className="small">
              <b>{doomed.filename}</b> goes for good: agents can no longer read it, and it cannot be brought back.
            </p>
            <div className="row">
              <button type="button" className="button danger" disabled={remove.isPending} onClick={() => remove.mutate(doomed.id)}>
                Delete for good
              </button>
              <button type="button" className="button quiet" onClick={() => setDoomed(null)}>
                Keep it
              </button>
            </div>
          </div>
        )}
      </Dialog>
    </section>
  )
}

function sentenceOf(code: string | null, message: string): string {
  if (code === 'file_too_large') return `${message} Split it, or delete files that are no longer needed.`
  if (code === 'unsupported_file') return `${message} Save it as PDF, Word, Excel, CSV or text and upload it again.`
  return `${message} Try again.`
}

function ParseState({ file }: { file: FileRead }) {
  if (file.parse_status === 'completed') return <span className="badge ok">read</span>
  if (file.parse_status === 'pending') return <span className="badge">reading</span>
  return (
    <span className="badge bad" title={file.error_message ?? undefined}>
      unreadable
    </span>
  )
}

function ParsedText({ file }: { file: FileRead }) {
  const { data, error } = useQuery({
    queryKey: ['file-text', file.id, file.parse_status],
    queryFn: () => call('GET /files/{file_id}/text', { path: { file_id: file.id }, query: { limit: 20_000 } }),
  })
  if (error) return <Notice tone="bad">{error.message}</Notice>
  if (!data) return <Loading what="the text" />
  if (data.text === null)
    return <Notice tone="warn">{data.error_message ?? 'The file is still being read. Look again in a moment.'}</Notice>
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="file-text" tabIndex={0} aria-label={`Text of ${file.filename}`}>
      {data.text}
      {data.next_offset !== null && '\n…'}
    </section>
  )
}
