import { useQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown } from 'lucide-react'
import {
  memo,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react'
import type { MessageRead } from '../../../contract/sessions.ts'
import type { ListedTurnRead } from '../../../contract/turns.ts'
import { turnDetail } from '../../api/queries.ts'
import { Loading, Notice, Retry } from '../../ui/notice.tsx'
import { Announcer } from './announcer.tsx'
import { history } from './history.ts'
import { liveSession } from './live-session.ts'
import { type Row, rowsOf, turnIdOf } from './rows.ts'
import { storedTurn } from './stored-turn.ts'
import { LiveTurnBlock, TurnBlock } from './turn-block.tsx'
import { useTarget } from './use-target.ts'

interface TimelineProps {
  sessionId: string
  onDetails: (turnId: string) => void
  empty: ReactNode
  /** The turn that is looked for. */
  target?: string | undefined
}

const NEAR_END_PX = 80
const GUESSED_HEIGHT_PX = 560
const FAR_PX = 1e9

/** The conversation. Only what is near the screen exists; whoever reads further up is left in peace. */
export function Timeline({ sessionId, onDetails, empty, target }: TimelineProps) {
  const live = liveSession(sessionId)
  const liveTurns = useSyncExternalStore(live.subscribe, live.turns)
  const { data, error, refetch } = useQuery(history(sessionId))
  const rows = useMemo(() => rowsOf(data?.turns ?? [], data?.messages ?? [], liveTurns), [data, liveTurns])
  if (!data && error)
    return (
      <div className="timeline">
        <div className="column">
          <Notice tone="bad" action={<Retry onRetry={refetch} />}>
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
      <Rows key={`${sessionId} ${target}`} rows={rows} sessionId={sessionId} onDetails={onDetails} target={target} />
      <Announcer turns={liveTurns} />
    </>
  )
}

/** The newest turn stands in the flow below the virtual ones: while it grows nothing else has to be measured or moved. */
function Rows({ rows, sessionId, onDetails, target }: Omit<TimelineProps, 'empty'> & { rows: Row[] }) {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const last = rows.at(-1)
  const newest = last?.kind === 'live' ? last : null
  const earlier = useMemo(() => (newest ? rows.slice(0, -1) : rows), [rows, newest])
  const virtual = useVirtualizer({
    count: earlier.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => GUESSED_HEIGHT_PX,
    getItemKey: useCallback((at: number) => earlier[at]?.key ?? at, [earlier]),
    overscan: 2,
    paddingStart: 24,
    initialOffset: Number.MAX_SAFE_INTEGER,
  })
  const { isAway, onScroll, toEnd, leaveEnd } = useEnd(scroller, content, rows.length)
  const rowsAtFirst = useRef(rows.length)
  const sought = rows.findIndex(row => turnIdOf(row) === target)
  useTarget(sought < 0 || rows.length > rowsAtFirst.current ? undefined : target, {
    scroller,
    content,
    bring: () => virtual.scrollToIndex(sought, { align: 'start' }),
    leaveEnd,
  })
  return (
    <div className="timeline-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="timeline" ref={scroller} onScroll={onScroll} tabIndex={0} aria-label="Conversation">
        <div ref={content} className="timeline-content">
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map(item => (
              <div
                key={item.key}
                ref={virtual.measureElement}
                data-index={item.index}
                data-turn={turnIdOf(earlier[item.index]!)}
                className={item.index === sought ? 'timeline-row virtual found' : 'timeline-row virtual'}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                <RowBlock row={earlier[item.index]!} isSought={item.index === sought} sessionId={sessionId} onDetails={onDetails} />
              </div>
            ))}
          </div>
          {newest && (
            <div
              key={newest.key}
              data-turn={turnIdOf(newest)}
              className={sought === earlier.length ? 'timeline-row found' : 'timeline-row'}
            >
              <RowBlock row={newest} isSought={sought === earlier.length} sessionId={sessionId} onDetails={onDetails} />
            </div>
          )}
        </div>
      </section>
      {isAway && (
        <button type="button" className="to-end button" onClick={toEnd}>
          <ArrowDown size={14} aria-hidden /> Newest
        </button>
      )}
    </div>
  )
}

/** Keeps a reader who is at the end there, and leaves in peace whoever reads further up. A new turn brings everybody to the end. */
function useEnd(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, turnCount: number) {
  const isAtEnd = useRef(true)
  const lastTop = useRef(0)
  const [isAway, setAway] = useState(false)
  const follow = useCallback(() => {
    // Further down than there is: the browser stops at the end, and nothing has to be measured for it.
    if (isAtEnd.current) scroller.current?.scrollTo(0, FAR_PX)
  }, [scroller])
  const leaveEnd = useCallback(() => {
    isAtEnd.current = false
  }, [])
  const toEnd = useCallback(() => {
    isAtEnd.current = true
    follow()
  }, [follow])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn brings the reader to the end
  useLayoutEffect(toEnd, [turnCount, toEnd])
  useEffect(() => {
    const grown = new ResizeObserver(follow)
    if (content.current) grown.observe(content.current)
    if (scroller.current) grown.observe(scroller.current)
    return () => grown.disconnect()
  }, [content, scroller, follow])
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!
    const isNear = scrollHeight - scrollTop - clientHeight < NEAR_END_PX
    // Growth alone never moves up: only a reader does.
    if (isNear) isAtEnd.current = true
    else if (scrollTop < lastTop.current - 2) isAtEnd.current = false
    lastTop.current = scrollTop
    setAway(!isNear && !isAtEnd.current)
  }
  return { isAway, onScroll, toEnd, leaveEnd }
}

interface RowBlockProps {
  row: Row
  isSought: boolean
  sessionId: string
  onDetails: (turnId: string) => void
}

const isSameRow = (a: RowBlockProps, b: RowBlockProps) =>
  a.row.turn === b.row.turn &&
  a.row.key === b.row.key &&
  a.isSought === b.isSought &&
  a.sessionId === b.sessionId &&
  (a.row.kind === 'live' || isSameSaid(a.row, b.row))

const isSameSaid = (a: Row, b: Row) => a.kind === 'stored' && b.kind === 'stored' && a.messages.length === b.messages.length

const RowBlock = memo(function RowBlock({ row, isSought, sessionId, onDetails }: RowBlockProps) {
  return (
    <div className="column">
      {row.kind === 'live' ? (
        <LiveTurnBlock turn={row.turn} sessionId={sessionId} onDetails={onDetails} />
      ) : (
        <StoredTurnBlock turn={row.turn} messages={row.messages} isSought={isSought} sessionId={sessionId} onDetails={onDetails} />
      )}
    </div>
  )
}, isSameRow)

interface StoredProps {
  turn: ListedTurnRead
  messages: MessageRead[]
  isSought: boolean
  sessionId: string
  onDetails: (turnId: string) => void
}

/** Details are fetched for turns that are looked at, not for all of them. */
function StoredTurnBlock({ turn, messages, isSought, sessionId, onDetails }: StoredProps) {
  const { data } = useQuery(turnDetail(sessionId, turn.id))
  const view = useMemo(() => storedTurn(turn, messages, data), [turn, messages, data])
  return <TurnBlock view={view} isSought={isSought} onDetails={onDetails} />
}
