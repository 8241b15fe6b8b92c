import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AgentRead, ToolName } from '../../../contract/agents.ts'
import type { ModelRead } from '../../../contract/models.ts'
import type { ApiProblem } from '../../api/problem.ts'
import { models } from '../../api/queries.ts'
import { roughly } from '../../ui/count.ts'
import { shown } from '../../ui/decimal.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'

export interface AgentValues {
  agent_key: string
  name: string
  model_alias: string
  role_prompt: string
  tool_permissions: ToolName[]
}

interface AgentFormProps {
  start: AgentRead | null
  problem: ApiProblem | null
  isBusy: boolean
  onSave: (values: AgentValues) => void
  onDelete?: () => void
}

const tools: { tool: ToolName; name: string; about: string }[] = [
  { tool: 'search', name: 'Search the web', about: 'Five results with title, address and an excerpt.' },
  { tool: 'file_read', name: 'Read files', about: 'The documents of the room or of the session.' },
]

const blank: AgentValues = { agent_key: '', name: '', model_alias: '', role_prompt: '', tool_permissions: [] }

/** A key for a name, until the writer has chosen one. */
const keyFor = (name: string) =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 64)

export function AgentForm({ start, problem, isBusy, onSave, onDelete }: AgentFormProps) {
  const { data: available = [] } = useQuery(models)
  const [values, setValues] = useState<AgentValues>(() => (start ? valuesOf(start) : blank))
  const [hasOwnKey, setOwnKey] = useState(start !== null)
  const set = (changes: Partial<AgentValues>) => setValues(before => ({ ...before, ...changes }))
  const wrongAt = (path: string) => problem?.errors.find(error => error.path === path)?.message
  const alias = values.model_alias || available[0]?.alias || ''
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        onSave({ ...values, model_alias: alias })
      }}
    >
      {problem && problem.errors.length === 0 && (
        <Notice tone="bad">
          {problem.code === 'conflict' ? 'Another agent of yours has this key. Choose a different one.' : `${problem.message} Try again.`}
        </Notice>
      )}
      <Field label="Name" wrong={wrongAt('name')}>
        {ids => (
          <input
            {...ids}
            className="input"
            required
            maxLength={120}
            value={values.name}
            onChange={event => set({ name: event.target.value, ...(!hasOwnKey && { agent_key: keyFor(event.target.value) }) })}
          />
        )}
      </Field>
      <Field label="Key" hint={`Tag it as @${values.agent_key || 'key'}. Letters, digits, _ and -.`} wrong={wrongAt('agent_key')}>
        {ids => (
          <input
            {...ids}
            className="input mono"
            required
            pattern="[A-Za-z0-9_\-]{1,64}"
            value={values.agent_key}
            onChange={event => {
              setOwnKey(true)
              set({ agent_key: event.target.value })
            }}
          />
        )}
      </Field>
      <Field label="Role" hint="Who it is, what it looks for, and how it answers." wrong={wrongAt('role_prompt')}>
        {ids => (
          <textarea
            {...ids}
            className="input tall"
            value={values.role_prompt}
            onChange={event => set({ role_prompt: event.target.value })}
          />
        )}
      </Field>
      <ModelPicker available={available} alias={alias} onAlias={model_alias => set({ model_alias })} />
      <fieldset className="choices">
        <legend className="field-label">Tools</legend>
        {tools.map(({ tool, name, about }) => (
          <label key={tool} className="tick">
            <input
              type="checkbox"
              checked={values.tool_permissions.includes(tool)}
              onChange={event =>
                set({
                  tool_permissions: event.target.checked
                    ? [...values.tool_permissions, tool]
                    : values.tool_permissions.filter(each => each !== tool),
                })
              }
            />
            <span>
              {name}
              <br />
              <span className="muted">{about}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="row">
        <button type="submit" className="button main" disabled={isBusy}>
          {start ? 'Save' : 'Make the agent'}
        </button>
        {onDelete && (
          <button type="button" className="button danger push" onClick={onDelete}>
            Delete
          </button>
        )}
      </div>
    </form>
  )
}

const valuesOf = (agent: AgentRead): AgentValues => ({
  agent_key: agent.agent_key,
  name: agent.name,
  model_alias: agent.model_alias,
  role_prompt: agent.role_prompt,
  tool_permissions: agent.tool_permissions.filter(tool => tool === 'search' || tool === 'file_read'),
})

interface ModelPickerProps {
  available: ModelRead[]
  alias: string
  onAlias: (alias: string) => void
}

/** Models with what decides between them: price and window. */
function ModelPicker({ available, alias, onAlias }: ModelPickerProps) {
  const isGone = alias !== '' && available.length > 0 && !available.some(model => model.alias === alias)
  return (
    <fieldset className="models">
      <legend className="field-label">Model</legend>
      {isGone && <Notice tone="warn">The model {alias} is no longer offered. Choose another one.</Notice>}
      {available.map(model => (
        <label key={model.alias} className="model">
          <input type="radio" name="model" value={model.alias} checked={model.alias === alias} onChange={() => onAlias(model.alias)} />
          <span className="model-name">
            {model.display_name} <span className="tiny faint">{model.alias}</span>
          </span>
          <span className="tiny muted num push">
            {roughly(model.context_window)} <span className="hide-narrow">window</span>
          </span>
          <span className="tiny num price">× {shown(model.multiplier, 2)}</span>
        </label>
      ))}
      <span className="hint tiny faint">First the window in tokens, then the price: at × 1, 10,000 tokens of answer are one credit.</span>
    </fieldset>
  )
}
