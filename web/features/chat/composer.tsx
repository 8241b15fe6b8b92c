import { useQuery } from '@tanstack/react-query'
import { ArrowUp, Square } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useLayoutEffect, useRef, useState } from 'react'
import { flushSync } from 'react-dom'
import type { AgentRead } from '../../../contract/agents.ts'
import { type ApiProblem, asProblem } from '../../api/problem.ts'
import { models } from '../../api/queries.ts'
import type { TurnRequest } from '../../api/turn-stream.ts'
import { useCountdown } from '../../ui/countdown.ts'
import { Seal } from '../../ui/seal.tsx'
import { letGo, useDraft } from './drafts.ts'
import { Estimate } from './estimate.tsx'
import { completed, type Mention, matching, mentionAt } from './mentions.ts'
import { Refusal } from './refusal.tsx'
import { useSpeakers } from './speakers.tsx'

interface ComposerProps {
  /** Where the draft belongs. */
  place: string
  sessionId: string | null
  /** Whom `@` completes; empty where one agent answers. */
  agents: readonly AgentRead[]
  isRunning: boolean
  onSend: (request: TurnRequest) => Promise<void>
  /** `null` while it is not known yet what could be stopped. */
  onStop: (() => Promise<void>) | null
  mode?: ReactNode
  /** What a message would cause. */
  saying: string
}

const TEXT_HEIGHT_MAXIMUM_PX = 260

/** Where a message is written. What is typed is let go only when the server has taken it. */
export function Composer({ place, sessionId, agents, isRunning, onSend, onStop, mode, saying }: ComposerProps) {
  const [text, setText] = useDraft(place)
  const [alias, setAlias] = useState('')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [isSending, setSending] = useState(false)
  const secondsLeft = useCountdown(problem)
  const area = useRef<HTMLTextAreaElement>(null)
  const hint = useId()
  const completion = useCompletion(agents, text, setText, area)
  const canSend = text.trim() !== '' && !isRunning && !isSending && secondsLeft === 0

  useLayoutEffect(() => {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight, TEXT_HEIGHT_MAXIMUM_PX)}px`
  })

  const send = async () => {
    if (!canSend) return
    setSending(true)
    setProblem(null)
    try {
      const sent = text
      await onSend({ message: sent, ...(alias && { model_alias_override: alias }) })
      letGo(place, sent)
    } catch (error) {
      setProblem(asProblem(error))
    } finally {
      setSending(false)
      area.current?.focus()
    }
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (completion.onKeyDown(event)) return
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      void send()
    }
  }
  return (
    <form
      className="composer"
      aria-label="Message"
      onSubmit={event => {
        event.preventDefault()
        void send()
      }}
    >
      <div className="column">
        {problem && <Refusal problem={problem} secondsLeft={secondsLeft} />}
        <div className="box">
          {completion.list}
          <textarea
            ref={area}
            rows={1}
            value={text}
            aria-label="Your message"
            aria-describedby={hint}
            placeholder={agents.length > 0 ? 'Ask the council. @ names an agent.' : 'Write a message'}
            onChange={event => {
              setText(event.target.value)
              completion.look(event.target.value, event.target.selectionStart)
            }}
            onKeyDown={onKeyDown}
            onBlur={completion.close}
            {...completion.attributes}
          />
          <div className="bar">
            {mode}
            <ModelOverride alias={alias} onAlias={setAlias} />
            <span className="tiny faint num estimate" id={hint}>
              <Estimate sessionId={sessionId} text={text} alias={alias} fallback={saying} />
            </span>
            <span className="ends">
              {isRunning && (
                <button
                  type="button"
                  className="button"
                  disabled={!onStop}
                  onClick={() => onStop?.().catch(error => setProblem(asProblem(error)))}
                >
                  <Square size={11} fill="currentColor" aria-hidden /> Stop
                </button>
              )}
              <button type="submit" className="button main" disabled={!canSend}>
                <ArrowUp size={15} aria-hidden /> {secondsLeft > 0 ? `${secondsLeft} s` : 'Send'}
              </button>
            </span>
          </div>
        </div>
      </div>
    </form>
  )
}

function ModelOverride({ alias, onAlias }: { alias: string; onAlias: (alias: string) => void }) {
  const { data = [] } = useQuery(models)
  return (
    <select
      className="model-override small"
      aria-label="Model for this message"
      value={alias}
      onChange={event => onAlias(event.target.value)}
    >
      <option value="">Each agent's model</option>
      {data.map(model => (
        <option key={model.alias} value={model.alias}>
          {model.alias}
        </option>
      ))}
    </select>
  )
}

function useCompletion(
  agents: readonly AgentRead[],
  text: string,
  setText: (text: string) => void,
  area: React.RefObject<HTMLTextAreaElement | null>,
) {
  const [mention, setMention] = useState<Mention | null>(null)
  const [chosen, setChosen] = useState(0)
  const listId = useId()
  const { voiceOf } = useSpeakers()
  const matches = mention ? matching(agents, mention.typed) : []
  const isOpen = matches.length > 0
  const at = Math.min(chosen, matches.length - 1)
  const close = () => setMention(null)
  const choose = (agent: AgentRead) => {
    if (!mention) return
    const next = completed(text, mention, agent.agent_key)
    // At once: the next key may be pressed before the next frame.
    flushSync(() => setText(next.text))
    area.current?.setSelectionRange(next.caret, next.caret)
    close()
  }
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen) return false
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (move) setChosen((at + move + matches.length) % matches.length)
    else if (event.key === 'Enter' || event.key === 'Tab') choose(matches[at]!)
    else if (event.key === 'Escape') close()
    else return false
    event.preventDefault()
    return true
  }
  return {
    close,
    onKeyDown,
    look(value: string, caret: number) {
      setMention(mentionAt(value, caret))
      setChosen(0)
    },
    attributes: {
      role: agents.length > 0 ? ('combobox' as const) : undefined,
      'aria-expanded': agents.length > 0 ? isOpen : undefined,
      'aria-controls': isOpen ? listId : undefined,
      'aria-autocomplete': agents.length > 0 ? ('list' as const) : undefined,
      'aria-activedescendant': isOpen ? `${listId}-${at}` : undefined,
    },
    list: isOpen && (
      <div role="listbox" id={listId} className="mentions" aria-label="Agents">
        {matches.map((agent, place) => (
          <div
            key={agent.id}
            id={`${listId}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === at}
            onMouseDown={event => {
              event.preventDefault()
              choose(agent)
            }}
          >
            <Seal name={agent.name} voice={voiceOf(agent.agent_key)} />
            <span className="clip">{agent.name}</span>
            <span className="tiny faint push">@{agent.agent_key}</span>
          </div>
        ))}
      </div>
    ),
  }
}
