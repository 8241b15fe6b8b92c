import { useMutation, useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { shown } from '../../ui/decimal.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { useIsOwner } from './owner.ts'

/** Whether credits can run out, and who says so. */
export function Settings() {
  const isOwner = useIsOwner()
  const { data, error } = useQuery({ queryKey: ['admin', 'settings'], queryFn: () => call('GET /admin/settings', {}) })
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['admin'] })
  const override = useMutation({
    mutationFn: (enabled: boolean) => call('PATCH /admin/settings/enforcement', { body: { enabled } }),
    onSuccess: refresh,
  })
  const clear = useMutation({ mutationFn: () => call('DELETE /admin/settings/enforcement', {}), onSuccess: refresh })
  const problem = error ?? override.error ?? clear.error
  const isBusy = override.isPending || clear.isPending
  return (
    <section className="section" aria-labelledby="enforcement">
      <h2 id="enforcement">Enforcement</h2>
      {problem && <Notice tone="bad">{problem.message} Nothing was changed; try again.</Notice>}
      {!data && !error && <Loading what="the settings" />}
      {data && (
        <div className="card stack">
          <p>
            Credits are <b>{data.enforcement_enabled ? 'enforced' : 'not enforced'}</b>:{' '}
            {data.enforcement_enabled
              ? 'a message that the balance does not cover is refused.'
              : 'everybody can go on when nothing is left; the ledger counts all the same.'}
          </p>
          <dl className="facts">
            <dt>Said by</dt>
            <dd>{data.enforcement_source === 'override' ? 'an override made here' : "the server's configuration"}</dd>
            <dt>A balance is low below</dt>
            <dd>{shown(data.low_balance_threshold)}</dd>
            <dt>Prices in force</dt>
            <dd>{data.pricing_version}</dd>
          </dl>
          {isOwner && (
            <div className="row">
              <button type="button" className="button main" disabled={isBusy} onClick={() => override.mutate(!data.enforcement_enabled)}>
                {data.enforcement_enabled ? 'Stop enforcing' : 'Enforce credits'}
              </button>
              {data.enforcement_source === 'override' && (
                <button type="button" className="button" disabled={isBusy} onClick={() => clear.mutate()}>
                  Back to the configuration
                </button>
              )}
            </div>
          )}
        </div>
      )}
    </section>
  )
}
