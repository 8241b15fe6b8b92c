import { ApiProblem, asProblem, networkProblem, problemOf } from './problem.ts'
import { bearer, forgetBearer } from './token.ts'

// The account library's own routes: JSON in, a cookie out.

export interface NewAccount {
  name: string
  email: string
  password: string
  /** An invitation's, or the first account's. */
  code?: string
}

export const signIn = (email: string, password: string) => tell('/api/auth/sign-in/email', { email, password })
/** Where sign-up is open, its answer does not say whether the address had an account already: the sign-in that comes of it is good, or it is not. */
export async function signUp(account: NewAccount): Promise<void> {
  await tell('/api/auth/sign-up/email', account)
  await bearer().catch(error => {
    if (asProblem(error).status !== 401) throw error
    throw new ApiProblem(409, 'If you have an account with this e-mail already, sign in with its password instead.')
  })
}
export const signOut = () => tell('/api/auth/sign-out', {})
/** The link leads to `after` when it is good, and back to the sign-in with `?error=` when it is not. */
export const sendMagicLink = (email: string, after: string) =>
  tell('/api/auth/sign-in/magic-link', { email, callbackURL: after, errorCallbackURL: '/sign-in' })

async function tell(address: string, body: object): Promise<void> {
  const response = await fetch(address, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw networkProblem()
  })
  if (!response.ok) throw await problemOf(response)
  // Until somebody has read its body the browser takes the request for one under way.
  await response.arrayBuffer()
  forgetBearer()
}
