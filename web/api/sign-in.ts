import { networkProblem, problemOf } from './problem.ts'
import { forgetBearer } from './token.ts'

// The account library's own routes: JSON in, a cookie out.

export interface NewAccount {
  name: string
  email: string
  password: string
  /** An invitation's, or the first account's. */
  code?: string
}

export const signIn = (email: string, password: string) => tell('/api/auth/sign-in/email', { email, password })
export const signUp = (account: NewAccount) => tell('/api/auth/sign-up/email', account)
export const signOut = () => tell('/api/auth/sign-out', {})
export const sendMagicLink = (email: string) => tell('/api/auth/sign-in/magic-link', { email, callbackURL: '/' })

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
  forgetBearer()
}
