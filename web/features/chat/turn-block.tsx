import { useQuery } from '@tanstack/react-query'
import { memo, type ReactNode, useMemo, useState, useSyncExternalStore } from 'react'
import type { TurnLimit } from '../../../contract/turns.ts'
import { turnDetail } from '../../api/queries.ts'
import { count } from '../../ui/count.ts'
import { shown } from '../../ui/decimal.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { Notice } from '../../ui/notice.tsx'
import { AgainButton } from './again.tsx'
import { type LiveTurn, stepsOf } from './live-turn.ts'
import { useSpeakers } from './speakers.tsx'
import { StepBlock, Synthesis } from './step-block.tsx'
import { tokensOf } from './stored-turn.ts'
import type { TurnPart, TurnView } from './turn-view.ts'

interface BlockProps {
  onDetails: (turnId: string) => void
}

export function LiveTurnBlock({ turn, sessionId, onDetails }: BlockProps & { turn: LiveTurn; sessionId: string }) {
  const view = useSyncExternalStore(turn.subscribe, turn.read)
  // The manager's own calls are told by the stored turn alone.
  const { data } = useQuery({ ...turnDetail(sessionId, view.turnId ?? ''), enabled: hasDetails(view) })
  const counted = useMemo(() => (data ? { ...view, credits: data.credits_burned, tokens: tokensOf(data.calls) } : view), [view, data])
  return <TurnBlock view={counted} onDetails={onDetails} />
}

const hasDetails = ({ status, turnId }: TurnView) => status !== 'running' && status !== 'lost' && turnId !== null

/** One message and all that it caused. */
export const TurnBlock = memo(function TurnBlock({
  view,
  isSought = false,
  onDetails,
}: BlockProps & { view: TurnView; isSought?: boolean }) {
  const { turnId } = view
  const [isUnfolded, setUnfolded] = useState(isSought)
  const isFolded = view.isReplaced && !isUnfolded
  return (
    <article className="turn" aria-label={view.index === null ? 'Turn' : `Turn ${view.index}`} aria-busy={view.status === 'running'}>
      <div className="turn-line tiny">
        {view.index !== null && <span>Turn {view.index}</span>}
        {view.mode && view.mode !== 'standalone' && <span>{view.mode}</span>}
        {view.isReplaced && (
          <>
            <span>replaced by a newer run</span>
            <button type="button" aria-expanded={!isFolded} onClick={() => setUnfolded(isFolded)}>
              {isFolded ? 'Show' : 'Fold'}
            </button>
          </>
        )}
      </div>
      {!isFolded && (
        <>
          {view.question && <div className="ask">{view.question}</div>}
          {view.parts.map(part => (
            <Part key={part.key} part={part} />
          ))}
          {view.status === 'running' && <Waiting view={view} />}
          <TurnEnd view={view} />
        </>
      )}
      {!isFolded && turnId && hasDetails(view) && (
        <div className="costs tiny num">
          {view.tokens !== null && <span>{count(view.tokens)} tokens</span>}
          {view.credits !== null && <span>{shown(view.credits)} credits</span>}
          <AgainButton turnId={turnId} index={view.index} />
          <button type="button" onClick={() => onDetails(turnId)} aria-label={`Details of turn ${view.index ?? ''}`}>
            Details
          </button>
        </div>
      )}
    </article>
  )
})

const Part = memo(function Part({ part }: { part: TurnPart }) {
  const { voiceOf, nameOf } = useSpeakers()
  switch (part.kind) {
    case 'routing':
      return (
        <ManagerLine>
          <b>Round {part.round}.</b> Asked{' '}
          {part.picks.map((pick, at) => (
            <span key={pick.agentKey}>
              {at > 0 && (at === part.picks.length - 1 ? ' and ' : ', ')}
              <em data-voice={voiceOf(pick.agentKey)}>{pick.agentName}</em>
              {pick.instruction && <span className="asked">: {pick.instruction.replace(/[.\s]+$/, '')}</span>}
            </span>
          ))}
          .{part.leftOut.length > 0 && <span className="faint"> Left out: {part.leftOut.map(nameOf).join(', ')}.</span>}
        </ManagerLine>
      )
    case 'steps':
      return (
        <div className={part.steps.length > 1 ? 'round' : 'round single'}>
          {part.steps.map(step => (
            <StepBlock key={step.key} step={step} />
          ))}
        </div>
      )
    case 'judged':
      return (
        <ManagerLine>
          <b>Judged.</b> {part.decision === 'continue' ? 'Something is still open: another round.' : 'That is enough to answer.'}
        </ManagerLine>
      )
    case 'synthesis':
      return <Synthesis step={part.step} />
    case 'text':
      return (
        <div className="words">
          <Markdown text={part.text} />
        </div>
      )
  }
})

const ManagerLine = ({ children }: { children: ReactNode }) => (
  <div className="manager">
    <span className="dot" aria-hidden />
    <span>{children}</span>
  </div>
)

/** What is being waited for, when nobody is speaking. */
function Waiting({ view }: { view: TurnView }) {
  if (view.isReconnecting)
    return (
      <ManagerLine>
        <span role="status">The connection is lost; looking for the turn again. It runs on meanwhile.</span>
      </ManagerLine>
    )
  if (stepsOf(view.parts).some(step => step.status === 'running')) return null
  const last = view.parts.at(-1)
  const isManaged = view.mode === 'orchestrator'
  const words = !isManaged
    ? 'Waiting for the next answer'
    : !last || (last.kind === 'judged' && last.decision === 'continue')
      ? 'The manager is choosing who should answer'
      : last.kind === 'steps'
        ? 'The manager is judging the answers'
        : last.kind === 'synthesis'
          ? 'Writing the turn down'
          : 'The manager is at work'
  return (
    <ManagerLine>
      <span className="waiting">{view.turnId ? words : 'Sending'}</span>
    </ManagerLine>
  )
}

const limitSentences: Record<TurnLimit, string> = {
  model_calls: 'This turn reached its limit of model calls.',
  tool_calls: 'This turn reached its limit of tool calls.',
  seconds: 'This turn reached its time limit.',
  credits: 'This turn reached its limit of credits. Top up under Usage and top-up, or ask for less at once.',
}

function TurnEnd({ view }: { view: TurnView }) {
  return (
    <>
      {view.status === 'cancelled' && <p className="ended small muted">Stopped. What was said until then is kept and paid for.</p>}
      {view.status === 'failed' && (
        <Notice tone="bad">{view.failure ?? 'Nobody could answer.'} Run it again, with another model perhaps.</Notice>
      )}
      {view.status === 'lost' && <Notice tone="bad">{view.failure}</Notice>}
      {view.status === 'partial' && !view.limit && (
        <p className="ended small muted">Not everybody could answer; what is there is complete in itself.</p>
      )}
      {view.limit && <Notice tone="warn">{limitSentences[view.limit]} What is there was kept.</Notice>}
    </>
  )
}
