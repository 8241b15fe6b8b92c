import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import type { CatalogueModelRead } from '../../../contract/admin.ts'
import { call } from '../../api/client.ts'
import { roughly } from '../../ui/count.ts'
import { shown } from '../../ui/decimal.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { ModelForm } from './model-form.tsx'
import { useIsOwner } from './owner.ts'
import { PriceForm } from './price-form.tsx'

/** The aliases that people choose from, what is behind them, and what they cost. */
export function Models() {
  const isOwner = useIsOwner()
  const { data, error } = useQuery({ queryKey: ['admin', 'models'], queryFn: () => call('GET /admin/models', {}) })
  const { data: pricing } = useQuery({ queryKey: ['admin', 'pricing'], queryFn: () => call('GET /admin/pricing', {}) })
  const [edited, setEdited] = useState<CatalogueModelRead | 'new' | null>(null)
  const columns: Column<CatalogueModelRead>[] = [
    {
      title: 'Alias',
      cell: model =>
        isOwner ? (
          <button type="button" className="link" onClick={() => setEdited(model)}>
            {model.alias}
          </button>
        ) : (
          model.alias
        ),
    },
    { title: 'Name', cell: model => model.display_name },
    { title: 'Provider', cell: model => <span title={model.provider_model}>{model.provider}</span> },
    { title: 'Window', figure: true, cell: model => roughly(model.context_window) },
    { title: 'In, $ per million', figure: true, cell: model => priceOf(model.input_usd_per_million) },
    { title: 'Out, $ per million', figure: true, cell: model => priceOf(model.output_usd_per_million) },
    { title: 'Multiplier', figure: true, cell: model => (model.multiplier === null ? 'none' : `× ${shown(model.multiplier)}`) },
    { title: 'Offered', cell: model => (model.enabled ? <span className="badge ok">yes</span> : <span className="badge">no</span>) },
  ]
  return (
    <section className="section" aria-labelledby="models">
      <div className="section-head">
        <h2 id="models">Models and prices</h2>
        {isOwner && (
          <button type="button" className="button push" onClick={() => setEdited('new')}>
            <Plus size={15} aria-hidden /> New alias
          </button>
        )}
      </div>
      <p className="small muted">Prices of version {pricing?.pricing_version ?? '…'}. A change holds from the next call on.</p>
      {error && <Notice tone="bad">{error.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="the models" />}
      {data && <Table caption="Models and prices" columns={columns} rows={data} keyOf={model => model.alias} empty="No models yet." />}
      <Dialog
        title={edited === 'new' ? 'New alias' : (edited?.alias ?? '')}
        kind="dialog wide"
        open={edited !== null}
        onClose={() => setEdited(null)}
      >
        {edited !== null && edited !== 'new' && pricing && <PriceForm model={edited} version={pricing.pricing_version} />}
        {edited !== null && (
          <ModelForm
            start={edited === 'new' ? null : edited}
            aliases={data?.map(model => model.alias) ?? []}
            onDone={() => setEdited(null)}
          />
        )}
      </Dialog>
    </section>
  )
}

const priceOf = (price: string | null) => (price === null ? 'missing' : shown(price))
