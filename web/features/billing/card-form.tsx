import { loadStripe } from '@stripe/stripe-js/pure'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { authConfig, queryClient } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'

type Stripe = NonNullable<Awaited<ReturnType<typeof loadStripe>>>
type Elements = ReturnType<Stripe['elements']>

/** Stripe's own fields, in Stripe's own frame: no card number ever touches this page or this server. */
export function CardForm({ clientSecret, onAgain }: { clientSecret: string; onAgain: () => void }) {
  const { data: config } = useQuery(authConfig)
  const key = config?.stripe_publishable_key
  if (!config) return <Loading what="the card form" />
  if (!key)
    return (
      <Notice tone="warn">
        The card form needs STRIPE_PUBLISHABLE_KEY on the server, beside the secret key. Nothing was charged; ask the owner to set it, then
        start again.
      </Notice>
    )
  return <StripeFields publishableKey={key} clientSecret={clientSecret} onAgain={onAgain} />
}

interface StripeFieldsProps {
  publishableKey: string
  clientSecret: string
  onAgain: () => void
}

function StripeFields({ publishableKey, clientSecret, onAgain }: StripeFieldsProps) {
  const place = useRef<HTMLDivElement>(null)
  const payment = useRef<{ stripe: Stripe; elements: Elements } | null>(null)
  const [state, setState] = useState<'loading' | 'ready' | 'paying' | 'paid'>('loading')
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    let isGone = false
    loadStripe(publishableKey).then(
      stripe => {
        if (isGone || !stripe || !place.current) return
        const elements = stripe.elements({
          clientSecret,
          appearance: { theme: document.documentElement.dataset.theme === 'light' ? 'stripe' : 'night' },
        })
        elements.create('payment').mount(place.current)
        payment.current = { stripe, elements }
        setState('ready')
      },
      () => setProblem("Stripe's form could not be loaded. Check that nothing blocks js.stripe.com and start again."),
    )
    return () => {
      isGone = true
      payment.current?.elements.getElement('payment')?.destroy()
    }
  }, [publishableKey, clientSecret])

  const pay = async (event: FormEvent) => {
    event.preventDefault()
    if (!payment.current) return
    setState('paying')
    setProblem(null)
    const { stripe, elements } = payment.current
    const { error } = await stripe.confirmPayment({
      elements,
      redirect: 'if_required',
      confirmParams: { return_url: `${location.origin}/billing` },
    })
    setProblem(error ? `${error.message ?? 'The payment did not go through.'} Nothing was charged; try again or use another card.` : null)
    setState(error ? 'ready' : 'paid')
    if (!error) await Promise.all(['wallet', 'top-ups', 'transactions'].map(name => queryClient.invalidateQueries({ queryKey: [name] })))
  }
  if (state === 'paid')
    return (
      <Notice
        tone="ok"
        action={
          <button type="button" className="button" onClick={onAgain}>
            Top up again
          </button>
        }
      >
        Thank you. The credits come as soon as the payment is confirmed, mostly within seconds.
      </Notice>
    )
  return (
    <form className="stack" onSubmit={pay}>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <div ref={place} />
      <div className="row">
        <button type="submit" className="button main" disabled={state !== 'ready'}>
          Pay
        </button>
        <button type="button" className="button quiet" onClick={onAgain}>
          Another amount
        </button>
      </div>
    </form>
  )
}
