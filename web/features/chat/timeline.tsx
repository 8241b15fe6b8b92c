import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import { memo, type ReactNode, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { MessageRead } from '../../../contract/sessions.ts'
import type { TurnRead } from '../../../contract/turns.ts'
import { turnDetail } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { Announcer } from './announcer.tsx'
import { history } from './history.ts'
import { liveSession } from './live-session.ts'
import type { LiveTurn } from './live-turn.ts'
import { storedTurn } from './stored-turn.ts'
import { LiveTurnBlock, TurnBlock } from './turn-block.tsx'

type Row = { kind: 'stored'; key: string; turn: TurnRead; messages: MessageRead[] } | { kind: 'live'; key: string; turn: LiveTurn }

interface TimelineProps {
  sessionId: string
  onDetails: (turnId: string) => void
  empty: ReactNode
}

const NEAR_END_PX = 80
const GUESSED_HEIGHT_PX = 560
const NO_MESSAGES: MessageRead[] = []

/** The conversation. Only what is near the screen exists; whoever reads further up is left in peace. */
export function Timeline({ sessionId, onDetails, empty }: TimelineProps) {
  const live = liveSession(sessionId)
  const liveTurns = useSyncExternalStore(live.subscribe, live.turns)
  const { data, error, refetch } = useQuery(history(sessionId))
  const rows = useMemo(() => rowsOf(data?.turns ?? [], data?.messages ?? [], liveTurns), [data, liveTurns])
  if (!data && error)
    return (
      <div className="timeline">
        <div className="column">
          <Notice
            tone="bad"
            action={
              <button type="button" className="button" onClick={() => refetch()}>
                Try again
              </button>
            }
          >
            {error.message} The conversation could not be loaded.
          </Notice>
        </div>
      </div>
    )
  if (!data && rows.length === 0)
    return (
      <div className="timeline">
        <Loading what="the conversation" />
      </div>
    )
  if (rows.length === 0) return <div className="timeline empty">{empty}</div>
  return (
    <>
      <Rows key={sessionId} rows={rows} sessionId={sessionId} onDetails={onDetails} />
      <Announcer turns={liveTurns} />
    </>
  )
}

function rowsOf(turns: TurnRead[], messages: MessageRead[], liveTurns: readonly LiveTurn[]): Row[] {
  const liveIds = new Set(liveTurns.map(turn => turn.read().turnId))
  const said = Map.groupBy(messages, message => message.turn_id)
  const stored = turns.filter(turn => !liveIds.has(turn.id))
  return [
    ...stored.map((turn): Row => ({ kind: 'stored', key: turn.id, turn, messages: said.get(turn.id) ?? NO_MESSAGES })),
    ...liveTurns.map((turn): Row => ({ kind: 'live', key: turn.key, turn })),
  ]
}

function Rows({ rows, sessionId, onDetails }: { rows: Row[]; sessionId: string; onDetails: (turnId: string) => void }) {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const [isAway, setAway] = useState(false)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => GUESSED_HEIGHT_PX,
    getItemKey: at => rows[at]?.key ?? at,
    overscan: 3,
    paddingStart: 24,
    paddingEnd: 32,
    initialOffset: Number.MAX_SAFE_INTEGER,
  })
  const toEnd = useCallback(() => {
    const element = scroller.current
    if (element) element.scrollTop = element.scrollHeight
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn brings the reader to the end
  useLayoutEffect(() => {
    isAtEnd.current = true
    toEnd()
  }, [rows.length, toEnd])
  useEffect(() => {
    const grown = new ResizeObserver(() => isAtEnd.current && toEnd())
    if (content.current) grown.observe(content.current)
    if (scroller.current) grown.observe(scroller.current)
    return () => grown.disconnect()
  }, [toEnd])
  const lastTop = useRef(0)
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_END_PX
    // Growth alone never moves up: only a reader does.
    if (isNear) isAtEnd.current = true
    else if (scrollTop < lastTop.current - 2) isAtEnd.current = false
    lastTop.current = scrollTop
    setAway(!isNear && !isAtEnd.current)
  }
  return (
    <div className="timeline-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="timeline" ref={scroller} onScroll={onScroll} tabIndex={0} aria-label="Conversation">
        <div ref={content} style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map(item => (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className="timeline-row"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <RowBlock row={rows[item.index]!} sessionId={sessionId} onDetails={onDetails} />
            </div>
          ))}
        </div>
      </section>
      {isAway && (
        <button
          type="button"
          className="to-end button"
          onClick={() => {
            isAtEnd.current = true
            toEnd()
          }}
        >
          <ArrowDown size={14} aria-hidden /> Newest
        </button>
      )}
    </div>
  )
}

const isSameRow = (a: { row: Row; sessionId: string }, b: { row: Row; sessionId: string }) =>
  a.row.turn === b.row.turn && a.row.key === b.row.key && a.sessionId === b.sessionId && (a.row.kind === 'live' || isSameSaid(a.row, b.row))

const isSameSaid = (a: Row, b: Row) => a.kind === 'stored' && b.kind === 'stored' && a.messages.length === b.messages.length

const RowBlock = memo(function RowBlock({
  row,
  sessionId,
  onDetails,
}: {
  row: Row
  sessionId: string
  onDetails: (turnId: string) => void
}) {
  return (
    <div className="column">
      {row.kind === 'live' ? (
        <LiveTurnBlock turn={row.turn} sessionId={sessionId} onDetails={onDetails} />
      ) : (
        <StoredTurnBlock turn={row.turn} messages={row.messages} sessionId={sessionId} onDetails={onDetails} />
      )}
    </div>
  )
}, isSameRow)

interface StoredProps {
  turn: TurnRead
  messages: MessageRead[]
  sessionId: string
  onDetails: (turnId: string) => void
}

/** Details are fetched for turns that are looked at, not for all of them. */
function StoredTurnBlock({ turn, messages, sessionId, onDetails }: StoredProps) {
  const { data } = useQuery(turnDetail(sessionId, turn.id))
  const view = useMemo(() => storedTurn(turn, messages, data), [turn, messages, data])
  return <TurnBlock view={view} onDetails={onDetails} />
}
