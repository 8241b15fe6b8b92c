import { useQuery } from '@tanstack/react-query'
import { RotateCw } from 'lucide-react'
import { createContext, type FormEvent, type ReactNode, useContext, useMemo, useState, useSyncExternalStore } from 'react'
import { type ApiProblem, asProblem } from '../../api/problem.ts'
import { models } from '../../api/queries.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { useCountdown } from '../../ui/countdown.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { history } from './history.ts'
import { liveSession } from './live-session.ts'
import { Refusal } from './refusal.tsx'
import { rowsOf } from './rows.ts'

interface Again {
  /** The one turn that may be run again: the last, while nothing runs. */
  turnId: string | null
  ask: () => void
}

const AgainContext = createContext<Again>({ turnId: null, ask: () => undefined })

interface RunningAgainProps {
  sessionId: string
  isRunning: boolean
  onSend: (request: TurnRequest) => Promise<void>
  children: ReactNode
}

/** Lets the last turn of a conversation be run again. */
export function RunningAgain({ sessionId, isRunning, onSend, children }: RunningAgainProps) {
  const last = useLastTurn(sessionId)
  const [asked, setAsked] = useState<LastTurn | null>(null)
  const { id: turnId = null, message = '' } = isRunning ? {} : (last ?? {})
  const again = useMemo(() => ({ turnId, ask: () => turnId && setAsked({ id: turnId, message }) }), [turnId, message])
  return (
    <AgainContext value={again}>
      {children}
      <Dialog title="Run this message again" open={asked !== null} onClose={() => setAsked(null)}>
        {asked && <AgainForm last={asked} onSend={onSend} onDone={() => setAsked(null)} />}
      </Dialog>
    </AgainContext>
  )
}

export function AgainButton({ turnId, index }: { turnId: string; index: number | null }) {
  const again = useContext(AgainContext)
  if (again.turnId !== turnId) return null
  return (
    <button type="button" onClick={again.ask} aria-label={index === null ? undefined : `Run again: turn ${index}`}>
      <RotateCw size={11} aria-hidden /> Run again
    </button>
  )
}

interface LastTurn {
  id: string
  message: string
}

function useLastTurn(sessionId: string): LastTurn | null {
  const live = liveSession(sessionId)
  const liveTurns = useSyncExternalStore(live.subscribe, live.turns)
  const { data } = useQuery(history(sessionId))
  const rows = useMemo(() => rowsOf(data?.turns ?? [], [], liveTurns), [data, liveTurns])
  // The server has not said how a lost one ended, if it ever began.
  const last = rows.findLast(row => row.kind === 'stored' || row.turn.read().status !== 'lost')
  if (last?.kind === 'stored') return { id: last.turn.id, message: last.turn.user_input }
  const { turnId, question } = last?.turn.read() ?? {}
  return turnId ? { id: turnId, message: question ?? '' } : null
}

interface AgainFormProps {
  last: LastTurn
  onSend: (request: TurnRequest) => Promise<void>
  onDone: () => void
}

function AgainForm({ last, onSend, onDone }: AgainFormProps) {
  const { data = [] } = useQuery(models)
  const [alias, setAlias] = useState('')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [isSending, setSending] = useState(false)
  const secondsLeft = useCountdown(problem)
  const run = async (event: FormEvent) => {
    event.preventDefault()
    setSending(true)
    setProblem(null)
    await onSend({ message: last.message, again: last.id, ...(alias && { model_alias_override: alias }) }).then(onDone, error => {
      setProblem(asProblem(error))
      setSending(false)
    })
  }
  return (
    <form className="stack" onSubmit={run}>
      {problem && <Refusal problem={problem} secondsLeft={secondsLeft} />}
      <blockquote className="small muted two-lines again-message">{last.message}</blockquote>
      <Field
        label="Answered by"
        hint="The answer you have stays, folded away, and is no longer told to the agents. The new one is paid like any other."
      >
        {ids => (
          <select {...ids} className="select" value={alias} onChange={event => setAlias(event.target.value)}>
            <option value="">each agent's own model</option>
            {data.map(model => (
              <option key={model.alias} value={model.alias}>
                {model.display_name}, for all of them
              </option>
            ))}
          </select>
        )}
      </Field>
      <button type="submit" className="button main" disabled={isSending || secondsLeft > 0}>
        {secondsLeft > 0 ? `${secondsLeft} s` : 'Run again'}
      </button>
    </form>
  )
}
