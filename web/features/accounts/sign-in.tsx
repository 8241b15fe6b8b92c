import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useRef, useState } from 'react'
import type { AuthConfigRead } from '../../../contract/accounts.ts'
import { type ApiProblem, asProblem } from '../../api/problem.ts'
import { authConfig, queryClient } from '../../api/queries.ts'
import { sendMagicLink, signIn, signUp } from '../../api/sign-in.ts'
import { useCountdown } from '../../ui/countdown.ts'
import { Field } from '../../ui/field.tsx'
import { Loading, Notice, Retry } from '../../ui/notice.tsx'
import { Brand } from '../shell/brand.tsx'
import { useTitle } from '../shell/title.ts'

const PASSWORD_MINIMUM = 10

/** The way in: sign in, make an account where that is allowed, and on the first run the owner's. */
export function SignIn() {
  useTitle('Sign in')
  const { data: config, error, refetch } = useQuery(authConfig)
  return (
    <div className="door">
      <section className="door-words" aria-label="About Pantheon">
        <Brand size={24} />
        <p className="large">Ask once. Hear the analyst, the architect and the sceptic, then one answer that weighs them all.</p>
        <ul className="door-voices plain">
          <li data-voice="0">
            <b>Many voices</b> answer side by side, each with its own role, model and tools.
          </li>
          <li data-voice="1">
            <b>A manager</b> picks who should speak, judges, and sums up.
          </li>
          <li data-voice="2">
            <b>Every call is counted</b>: who spent what, on which model, for which answer.
          </li>
        </ul>
      </section>
      <main className="door-form" id="content">
        {config ? (
          <Way config={config} />
        ) : error ? (
          <Unreachable error={asProblem(error)} onRetry={() => refetch()} />
        ) : (
          <Loading what="the sign-in" />
        )}
      </main>
    </div>
  )
}

const Unreachable = ({ error, onRetry }: { error: ApiProblem; onRetry: () => void }) => (
  <div>
    <Notice tone="bad" action={<Retry onRetry={onRetry} />}>
      {error.message} Check that the server runs and that you are online.
    </Notice>
  </div>
)

function Way({ config }: { config: AuthConfigRead }) {
  const [isNew, setNew] = useState(false)
  if (!config.local)
    return (
      <div>
        <h1>Sign in elsewhere</h1>
        <Arrival />
        <p className="muted">
          This server takes the accounts of {config.external_issuers.join(', ')}. Sign in there and come back with its application.
        </p>
      </div>
    )
  if (config.first_account_missing) return <AccountForm config={config} isFirst />
  if (isNew) return <AccountForm config={config} isFirst={false} onBack={() => setNew(false)} />
  return <SignInForm config={config} onNew={() => setNew(true)} />
}

/** What the account library says is its own; what it leaves unsaid is said here. */
function wordsOf(problem: ApiProblem): string {
  if (problem.status === 401) return 'E-mail and password do not belong together. Check both and try again.'
  if (problem.status === 0) return `${problem.message} Check that you are online and try again.`
  return problem.message
}

function useEntering() {
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [isBusy, setBusy] = useState(false)
  const secondsLeft = useCountdown(problem)
  const navigate = useNavigate()
  const { after } = useSearch({ from: '/sign-in' })
  const enter = (way: () => Promise<void>) => async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setProblem(null)
    try {
      await way()
      queryClient.clear()
      await navigate({ href: placeAfter(after) })
    } catch (error) {
      setProblem(asProblem(error))
    } finally {
      setBusy(false)
    }
  }
  const notice = problem && (
    <Notice tone="bad">
      {problem.status === 429
        ? `Too many tries. ${secondsLeft > 0 ? `Try again in ${secondsLeft} s.` : 'Try again now.'}`
        : wordsOf(problem)}
    </Notice>
  )
  return { enter, notice, setProblem, isBusy: isBusy || secondsLeft > 0 }
}

const farewells: Record<string, string> = {
  deleted: 'Your account is deleted. What you wrote is being removed.',
  everywhere: 'You are signed out on every device.',
}

/** What has led here, when something has. */
function Arrival() {
  const { left, error } = useSearch({ from: '/sign-in' })
  if (error) return <Notice tone="warn">This link was used before, or is older than a quarter of an hour. Ask for a new one.</Notice>
  const words = left && farewells[left]
  return words ? <Notice tone="ok">{words}</Notice> : null
}

/** Where to go once signed in: an address of this page, never another's. */
const placeAfter = (after: string | undefined): string => (after?.startsWith('/') && !after.startsWith('//') ? after : '/')

function SignInForm({ config, onNew }: { config: AuthConfigRead; onNew: () => void }) {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [linkSentTo, setLinkSentTo] = useState<string | null>(null)
  const [isMailing, setMailing] = useState(false)
  const { after } = useSearch({ from: '/sign-in' })
  const { enter, notice, isBusy, setProblem } = useEntering()
  const field = useRef<HTMLInputElement>(null)
  const mailLink = async () => {
    if (!field.current?.reportValidity()) return
    setMailing(true)
    setProblem(null)
    await sendMagicLink(email, placeAfter(after)).then(
      () => setLinkSentTo(email),
      error => setProblem(asProblem(error)),
    )
    setMailing(false)
  }
  return (
    <form onSubmit={enter(() => signIn(email, password))}>
      <h1>Sign in</h1>
      {!notice && !linkSentTo && <Arrival />}
      {notice}
      <Field label="E-mail">
        {ids => (
          <input
            {...ids}
            ref={field}
            className="input"
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={event => {
              setEmail(event.target.value)
              setLinkSentTo(null)
            }}
          />
        )}
      </Field>
      <Field label="Password">
        {ids => (
          <input
            {...ids}
            className="input"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={event => setPassword(event.target.value)}
          />
        )}
      </Field>
      <button type="submit" className="button main" disabled={isBusy}>
        Sign in
      </button>
      {config.magic_link && (
        <button type="button" className="button" disabled={isMailing || isBusy} onClick={mailLink}>
          {linkSentTo ? 'Mail another link' : 'Mail me a link instead'}
        </button>
      )}
      {linkSentTo && (
        <Notice tone="ok">
          If {linkSentTo} may sign in here, a link is on its way. Open it in this browser within a quarter of an hour; it works once.
        </Notice>
      )}
      {config.signup !== 'closed' && (
        <p className="small muted">
          No account yet?{' '}
          <button type="button" className="button quiet" onClick={onNew}>
            Make one
          </button>
        </p>
      )}
    </form>
  )
}

function AccountForm({ config, isFirst, onBack }: { config: AuthConfigRead; isFirst: boolean; onBack?: () => void }) {
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const { enter, notice, isBusy } = useEntering()
  const needsCode = isFirst ? config.first_account_code_required : config.signup === 'invite'
  return (
    <form onSubmit={enter(() => signUp({ name: name || email, email, password, ...(needsCode && { code }) }))}>
      <h1>{isFirst ? 'Make the owner account' : 'Make an account'}</h1>
      {isFirst && (
        <p className="small muted">
          This is the first account of this server. It becomes the owner: it sees the usage, sets prices and grants credits.
        </p>
      )}
      {notice}
      <Field label="Name">
        {ids => <input {...ids} className="input" autoComplete="name" value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      <Field label="E-mail">
        {ids => (
          <input
            {...ids}
            className="input"
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={event => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password" hint={`At least ${PASSWORD_MINIMUM} characters; a few plain words are fine.`}>
        {ids => (
          <input
            {...ids}
            className="input"
            type="password"
            autoComplete="new-password"
            required
            minLength={PASSWORD_MINIMUM}
            value={password}
            onChange={event => setPassword(event.target.value)}
          />
        )}
      </Field>
      {needsCode && (
        <Field label="Code" hint={isFirst ? 'The server printed it when it started.' : 'It came with your invitation.'}>
          {ids => <input {...ids} className="input mono" required value={code} onChange={event => setCode(event.target.value)} />}
        </Field>
      )}
      <button type="submit" className="button main" disabled={isBusy}>
        Make the account
      </button>
      {onBack && (
        <button type="button" className="button quiet" onClick={onBack}>
          I have an account
        </button>
      )}
    </form>
  )
}
