import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import type { CatalogueModelRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'

export function PriceForm({ model, version }: { model: CatalogueModelRead; version: string }) {
  const [multiplier, setMultiplier] = useState(model.multiplier ?? '1')
  const save = useMutation({
    mutationFn: () =>
      call('PATCH /admin/pricing/{alias}', { path: { alias: model.alias }, body: { multiplier, pricing_version: version } }),
    onSuccess: () => Promise.all(['admin', 'models'].map(key => queryClient.invalidateQueries({ queryKey: [key] }))),
  })
  return (
    <form
      className="stack apart"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {save.error && <Notice tone="bad">{save.error.message} The price was not changed.</Notice>}
      {save.isSuccess && <Notice tone="ok">The new price holds from the next call on.</Notice>}
      <div className="filters">
        <Field label="Multiplier" hint="Above 0, up to 100.">
          {ids => (
            <input
              {...ids}
              className="input num"
              inputMode="decimal"
              required
              value={multiplier}
              onChange={event => setMultiplier(event.target.value)}
            />
          )}
        </Field>
        <button type="submit" className="button" disabled={save.isPending}>
          Set the price
        </button>
      </div>
    </form>
  )
}
