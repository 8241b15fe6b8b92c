import { dropEarly, takeEarly } from './early.ts'
import { ApiProblem, networkProblem, problemOf } from './problem.ts'

const ADDRESS = '/api/auth/token'
/** Renewed this long before it ends, so that no request leaves with a token that dies on the way. */
const RENEW_BEFORE_MS = 60_000

let token: { value: string; endsAt: number } | null = null
let renewal: Promise<string> | null = null
const signedOut = new Set<() => void>()

/** The bearer of this moment: short-lived, kept in memory only, fetched with the sign-in cookie. */
export async function bearer(): Promise<string> {
  if (token && token.endsAt - RENEW_BEFORE_MS > Date.now()) return token.value
  renewal ??= renew().finally(() => {
    renewal = null
  })
  return renewal
}

export function forgetBearer(): void {
  token = null
  dropEarly(ADDRESS)
}

/** Hears when the sign-in has ended without having been asked to. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener)
  return () => signedOut.delete(listener)
}

export function tellSignedOut(): void {
  token = null
  for (const listener of signedOut) listener()
}

async function renew(): Promise<string> {
  const response = (await takeEarly(ADDRESS)) ?? (await fetch(ADDRESS, { credentials: 'same-origin' }).catch(() => null))
  if (!response) throw networkProblem()
  if (response.status === 401) {
    // As in sign-in.ts: a request whose answer nobody reads does not end.
    await response.arrayBuffer()
    tellSignedOut()
    throw new ApiProblem(401, 'You are signed out. Sign in to go on.', { code: 'unauthenticated' })
  }
  if (!response.ok) throw await problemOf(response)
  const body = (await response.json()) as { token: string }
  token = { value: body.token, endsAt: endOf(body.token) }
  return body.token
}

/** In ms since 1970; a token that does not say is renewed at once. */
function endOf(jwt: string): number {
  const payload = jwt.split('.')[1]?.replace(/-/g, '+').replace(/_/g, '/') ?? ''
  const { exp } = JSON.parse(atob(payload)) as { exp?: number }
  return (exp ?? 0) * 1000
}
