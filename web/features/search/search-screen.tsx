import './search.css'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { FoundMessageRead } from '../../../contract/search.ts'
import { call } from '../../api/client.ts'
import { agents, rooms } from '../../api/queries.ts'
import { plural } from '../../ui/count.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice, Retry } from '../../ui/notice.tsx'
import { useRested } from '../../ui/rested.ts'
import { Pages } from '../../ui/table.tsx'
import { dateAndTime } from '../../ui/time.ts'
import { ScreenHead } from '../shell/screen-head.tsx'
import { FoundWords } from './found-words.tsx'
import { useSearchKey } from './search-key.ts'

const TYPING_PAUSE_MS = 300

/** Finds what was said, by whom, in which conversation; each finding leads to its turn. */
export function SearchScreen() {
  const { q = '' } = useSearch({ from: '/signed-in/search' })
  const navigate = useNavigate()
  const [text, setText] = useState(q)
  const field = useRef<HTMLInputElement>(null)
  useSearchKey(() => field.current?.select())
  const wanted = useRested(text.trim(), TYPING_PAUSE_MS)
  /** What the address says as far as this field knows: typing changes the address, and another address changes what stands here. */
  const agreed = useRef(q)
  useEffect(() => {
    if (q === agreed.current) return
    agreed.current = q
    setText(q)
  }, [q])
  useEffect(() => {
    if (wanted === agreed.current) return
    agreed.current = wanted
    void navigate({ to: '/search', search: { q: wanted || undefined }, replace: true })
  }, [wanted, navigate])
  return (
    <main className="screen" id="content">
      <ScreenHead title="Search" about="Everything you and your agents said" />
      <div className="scroll">
        <search className="form-column">
          <Field
            label="Find in your conversations"
            hint={'All words must occur. "A phrase" keeps its order, or finds either, -word leaves out.'}
          >
            {ids => (
              <input
                {...ids}
                ref={field}
                className="input"
                type="search"
                maxLength={500}
                // biome-ignore lint/a11y/noAutofocus: whoever comes here comes to type
                autoFocus
                value={text}
                onChange={event => setText(event.target.value)}
              />
            )}
          </Field>
          {q !== '' && <Findings key={q} query={q} />}
        </search>
      </div>
    </main>
  )
}

const PAGE = 20

function Findings({ query }: { query: string }) {
  const [offset, setOffset] = useState(0)
  const { data, error, refetch } = useQuery({
    queryKey: ['search', query, offset],
    queryFn: ({ signal }) => call('GET /search', { query: { q: query, limit: PAGE, offset }, signal }),
    placeholderData: before => before,
  })
  if (error)
    return (
      <Notice tone="bad" action={<Retry onRetry={refetch} />}>
        {error.message}
      </Notice>
    )
  if (!data) return <Loading what="what was found" />
  return (
    <>
      <p className="small muted num" role="status">
        {data.total === 0 ? 'Nothing was found. Try fewer words, or another spelling.' : plural(data.total, 'message')}
      </p>
      <ol className="plain findings" aria-label="Found messages">
        {data.messages.map(message => (
          <li key={message.id}>
            <Finding message={message} query={query} />
          </li>
        ))}
      </ol>
      <Pages offset={offset} limit={PAGE} total={data.total} onOffset={setOffset} />
    </>
  )
}

function Finding({ message, query }: { message: FoundMessageRead; query: string }) {
  return (
    <ToTurn message={message}>
      <span className="row tight">
        <b className="small">{message.role === 'user' ? 'You' : message.agent_name}</b>
        <span className="tiny faint clip">
          <PlaceOf message={message} />
          {message.session_title && ` · ${message.session_title}`}
        </span>
        <span className="tiny faint num push">{dateAndTime(message.created_at)}</span>
      </span>
      <span className="small snippet">
        <FoundWords text={message.snippet} query={query} />
      </span>
    </ToTurn>
  )
}

function PlaceOf({ message }: { message: FoundMessageRead }) {
  const { data: own } = useQuery(rooms)
  const { data: page } = useQuery(agents)
  if (message.room_id) return own?.find(room => room.id === message.room_id)?.name ?? 'Room'
  const agent = page?.agents.find(each => each.id === message.agent_id)
  return agent ? `Chat with ${agent.name}` : 'Chat'
}

function ToTurn({ message, children }: { message: FoundMessageRead; children: ReactNode }) {
  const { room_id: roomId, agent_id: agentId } = message
  const search = { session: message.session_id, turn: message.turn_id }
  if (roomId)
    return (
      <Link to="/rooms/$roomId" params={{ roomId }} search={search} className="finding">
        {children}
      </Link>
    )
  return (
    <Link to="/agents/$agentId/chat" params={{ agentId: agentId ?? '' }} search={search} className="finding">
      {children}
    </Link>
  )
}
