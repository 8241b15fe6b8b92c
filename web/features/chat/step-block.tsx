import { Check, LoaderCircle, TriangleAlert } from 'lucide-react'
import { memo, useSyncExternalStore } from 'react'
import { roughly } from '../../ui/count.ts'
import { shown } from '../../ui/decimal.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { duration } from '../../ui/time.ts'
import { useSpeakers } from './speakers.tsx'
import type { StepView, ToolView } from './turn-view.ts'

const toolNames: Record<string, string> = { search: 'Search', file_read: 'Read file' }

/** One agent's answer: name, model, tools, text as it comes, and what it cost. */
export const StepBlock = memo(function StepBlock({ step }: { step: StepView }) {
  const { voiceOf } = useSpeakers()
  return (
    <section className="step" data-voice={voiceOf(step.agentKey)} data-status={step.status} aria-label={`Answer of ${step.agentName}`}>
      <header>
        <h3>{step.agentName}</h3>
        {step.modelAlias && <span className="tiny faint">{step.modelAlias}</span>}
        <StepCost step={step} />
      </header>
      <StepTools tools={step.tools} />
      <StepText step={step} />
    </section>
  )
})

export const Synthesis = memo(function Synthesis({ step }: { step: StepView }) {
  return (
    <section className="synthesis" aria-label="Synthesis">
      <header>
        <h3>Synthesis</h3>
        {step.modelAlias && <span className="tiny faint">{step.modelAlias}</span>}
        <StepCost step={step} />
      </header>
      <StepText step={step} />
    </section>
  )
})

function StepCost({ step }: { step: StepView }) {
  if (step.status === 'running') return <span className="meta tiny faint">{step.tools.some(isRunning) ? 'using a tool' : 'answering'}</span>
  return (
    <span className="meta tiny faint num">
      {step.status === 'error' && <span className="failed">failed · </span>}
      {step.status === 'cancelled' && 'stopped · '}
      {step.tokens !== null && step.tokens > 0 && `${roughly(step.tokens)} tok · `}
      {step.credits !== null && `${shown(step.credits)} cr`}
    </span>
  )
}

const isRunning = (tool: ToolView) => tool.status === 'running'

function StepTools({ tools }: { tools: ToolView[] }) {
  if (tools.length === 0) return null
  return (
    <ul className="tools plain">
      {tools.map(tool => (
        <li key={tool.key} className="tool" data-status={tool.status}>
          {isRunning(tool) ? (
            <LoaderCircle size={12} className="turning" aria-label="running" />
          ) : tool.status === 'success' ? (
            <Check size={12} aria-label="done" />
          ) : (
            <TriangleAlert size={12} aria-label={tool.status} />
          )}
          <span className="clip">
            {toolNames[tool.tool] ?? tool.tool} <span className="muted">{shortArguments(tool.args)}</span>
          </span>
          <span className="faint num push">
            {tool.summary && `${tool.summary}, `}
            {tool.latencyMs !== null && duration(tool.latencyMs)}
          </span>
        </li>
      ))}
    </ul>
  )
}

function shortArguments(args: unknown): string {
  const values = typeof args === 'object' && args !== null ? Object.values(args) : [args]
  const first = values.find(value => typeof value === 'string')
  return typeof first === 'string' ? first : ''
}

/** Only this re-renders when a delta comes. */
function StepText({ step }: { step: StepView }) {
  const text = useSyncExternalStore(step.text.subscribe, step.text.read)
  const isStreaming = step.status === 'running'
  const { said, failures } = splitFailures(text)
  return (
    <div className={isStreaming ? 'words streaming' : 'words'}>
      {said === '' ? isStreaming && <p className="waiting muted">Thinking</p> : <Markdown text={said} streaming={isStreaming} />}
      {failures.map(failure => (
        <p key={failure} className="failure small">
          <TriangleAlert size={14} aria-hidden /> {failure}
        </p>
      ))}
    </div>
  )
}

const FAILURE = /^\[\[agent_error\]\] agent=.* code=(\S+)\s*$/gm
const failureSentences: Record<string, string> = {
  provider_timeout: 'The model took too long and was given up. Send the message again, or choose another model.',
  provider_error: 'The model could not be reached or failed. Send the message again, or choose another model.',
  context_budget_exceeded: 'The conversation no longer fits into this model. Start a new session, or choose a model with a larger window.',
}

/** The failure line that the engine writes into an answer is said in plain words. */
function splitFailures(text: string): { said: string; failures: string[] } {
  if (!text.includes('[[agent_error]]')) return { said: text, failures: [] }
  const failures = [...text.matchAll(FAILURE)].map(
    ([, code = '']) => failureSentences[code] ?? `This agent failed (${code}). Send the message again, or choose another model.`,
  )
  return { said: text.replace(FAILURE, '').trim(), failures }
}
