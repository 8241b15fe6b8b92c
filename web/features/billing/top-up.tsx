import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call } from '../../api/client.ts'
import { type ApiProblem, asProblem } from '../../api/problem.ts'
import { authConfig, me } from '../../api/queries.ts'
import { createRequestKey } from '../../api/request-key.ts'
import { shown } from '../../ui/decimal.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { CardForm } from './card-form.tsx'
import { MoreCreditsLink } from './more-credits.tsx'

const AMOUNTS = ['10', '25', '50', '100']

/** Credits for money, where this server takes any. */
export function TopUp() {
  const { data: config } = useQuery(authConfig)
  if (!config) return <Loading what="the ways to pay" />
  if (config.stripe_publishable_key) return <Payment />
  return (
    <section className="section" aria-labelledby="top-up">
      <h2 id="top-up">Top up</h2>
      <NotConfigured />
    </section>
  )
}

/** Nothing is granted here: that is done when the payment has come through. */
function Payment() {
  const [amount, setAmount] = useState('25')
  const [key] = useState(createRequestKey)
  const start = useMutation({
    mutationFn: () => {
      // An amount whose answer was lost, asked for again, is one payment.
      const body = { amount_usd: amount }
      return call('POST /users/me/wallet/top-up', { body, idempotencyKey: key.for(body) })
    },
    onSuccess: key.done,
  })
  return (
    <section className="section" aria-labelledby="top-up">
      <h2 id="top-up">Top up</h2>
      {start.data ? (
        <>
          <p className="small">
            <b className="num">${shown(start.data.amount_usd, 2)}</b> for <b className="num">{shown(start.data.credits_to_grant, 2)}</b>{' '}
            credits.
          </p>
          <CardForm clientSecret={start.data.client_secret} onAgain={start.reset} />
        </>
      ) : (
        <form
          className="stack"
          onSubmit={event => {
            event.preventDefault()
            start.mutate()
          }}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in this line */}
          <div className="amounts" role="group" aria-label="Amount in US dollars">
            {AMOUNTS.map(each => (
              <button key={each} type="button" className="button num" aria-pressed={each === amount} onClick={() => setAmount(each)}>
                ${each}
              </button>
            ))}
          </div>
          <Field label="Amount in US dollars" wrong={start.error && wrongOf(asProblem(start.error))}>
            {ids => (
              <input
                {...ids}
                className="input num"
                inputMode="decimal"
                required
                value={amount}
                onChange={event => setAmount(event.target.value.replace(',', '.'))}
              />
            )}
          </Field>
          {start.error && asProblem(start.error).code === 'payment_not_configured' && <NotConfigured />}
          <button type="submit" className="button main" disabled={start.isPending}>
            Continue to payment
          </button>
        </form>
      )}
    </section>
  )
}

function wrongOf(problem: ApiProblem): string | null {
  if (problem.code === 'payment_not_configured') return null
  return problem.code === 'validation_error'
    ? 'Enter an amount from 1.00 to 500.00, with at most two decimals.'
    : `${problem.message} Try again.`
}

function NotConfigured() {
  const { data: user } = useQuery(me)
  const isOwner = user?.role === 'owner'
  return (
    <Notice tone="plain" action={isOwner && <MoreCreditsLink />}>
      {isOwner ? (
        <>
          <p>This server takes no payments yet; an owner grants credits.</p>
          <p className="muted">
            To take cards, set STRIPE_SECRET_KEY, STRIPE_PUBLISHABLE_KEY and STRIPE_WEBHOOK_SECRET and start it again.
          </p>
        </>
      ) : (
        'This server takes no payments. Ask its owner for credits.'
      )}
    </Notice>
  )
}
