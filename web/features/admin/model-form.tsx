import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { CatalogueModelRead } from '../../../contract/admin.ts'
import type { ProviderName } from '../../../contract/models.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { queryClient } from '../../api/queries.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'

const providers: Record<ProviderName, string> = {
  openrouter: 'OpenRouter',
  openai: 'OpenAI, or compatible',
  anthropic: 'Anthropic',
  google: 'Google',
  demo: 'Demo model',
}

interface ModelFormProps {
  start: CatalogueModelRead | null
  aliases: string[]
  onDone: () => void
}

interface Values {
  alias: string
  display_name: string
  provider: ProviderName
  provider_model: string
  context_window: string
  input_usd_per_million: string
  cached_input_usd_per_million: string
  output_usd_per_million: string
  enabled: boolean
  fallback_alias: string
}

const texts: {
  name: Exclude<keyof Values, 'enabled' | 'provider' | 'fallback_alias' | 'alias'>
  label: string
  hint?: string
  optional?: boolean
}[] = [
  { name: 'display_name', label: 'Name that people see' },
  { name: 'provider_model', label: "The provider's name of the model" },
  { name: 'context_window', label: 'Window in tokens' },
  { name: 'input_usd_per_million', label: 'Input, US dollars per million tokens' },
  { name: 'cached_input_usd_per_million', label: 'Cached input, US dollars per million', hint: 'Empty: as fresh input.', optional: true },
  { name: 'output_usd_per_million', label: 'Output, US dollars per million tokens' },
]

export function ModelForm({ start, aliases, onDone }: ModelFormProps) {
  const [values, setValues] = useState<Values>(() => valuesOf(start))
  const set = (changes: Partial<Values>) => setValues(before => ({ ...before, ...changes }))
  const save = useMutation({
    mutationFn: () => {
      const { alias, context_window, cached_input_usd_per_million, fallback_alias, ...rest } = values
      return call('PUT /admin/models/{alias}', {
        path: { alias },
        body: {
          ...rest,
          context_window: Number(context_window),
          cached_input_usd_per_million: cached_input_usd_per_million || null,
          fallback_alias: fallback_alias || null,
        },
      })
    },
    onSuccess: async () => {
      await Promise.all(['admin', 'models'].map(key => queryClient.invalidateQueries({ queryKey: [key] })))
      onDone()
    },
  })
  const wrongAt = (path: string) => (save.error ? asProblem(save.error).errors.find(error => error.path === path)?.message : undefined)
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {save.error && <Notice tone="bad">{save.error.message} Nothing was changed.</Notice>}
      <div className="form-grid">
        {!start && (
          <Field label="Alias">
            {ids => (
              <input {...ids} className="input mono" required value={values.alias} onChange={event => set({ alias: event.target.value })} />
            )}
          </Field>
        )}
        <Field label="Provider">
          {ids => (
            <select
              {...ids}
              className="select"
              value={values.provider}
              onChange={event => set({ provider: event.target.value as ProviderName })}
            >
              {Object.entries(providers).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Field>
        {texts.map(({ name, label, hint, optional }) => (
          <Field key={name} label={label} hint={hint} wrong={wrongAt(name)}>
            {ids => (
              <input
                {...ids}
                className="input"
                required={!optional}
                value={values[name]}
                onChange={event => set({ [name]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <Field label="When it fails, use">
          {ids => (
            <select
              {...ids}
              className="select"
              value={values.fallback_alias}
              onChange={event => set({ fallback_alias: event.target.value })}
            >
              <option value="">nothing else</option>
              {aliases
                .filter(alias => alias !== values.alias)
                .map(alias => (
                  <option key={alias}>{alias}</option>
                ))}
            </select>
          )}
        </Field>
      </div>
      <label className="tick">
        <input type="checkbox" checked={values.enabled} onChange={event => set({ enabled: event.target.checked })} />
        <span>Offered to everybody</span>
      </label>
      <div>
        <button type="submit" className="button main" disabled={save.isPending}>
          Save
        </button>
      </div>
    </form>
  )
}

const valuesOf = (model: CatalogueModelRead | null): Values => ({
  alias: model?.alias ?? '',
  display_name: model?.display_name ?? '',
  provider: model?.provider ?? 'openrouter',
  provider_model: model?.provider_model ?? '',
  context_window: String(model?.context_window ?? 128_000),
  input_usd_per_million: model?.input_usd_per_million ?? '',
  cached_input_usd_per_million: model?.cached_input_usd_per_million ?? '',
  output_usd_per_million: model?.output_usd_per_million ?? '',
  enabled: model?.enabled ?? true,
  fallback_alias: model?.fallback_alias ?? '',
})
