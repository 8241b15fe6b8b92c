import { APIError, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api'
import { type Attempts, createGuessLimit } from './guess-limit.ts'
import { DEVICE_DAYS, type DeviceMarks } from './known-device.ts'
import type { SignUpBody } from './sign-up-gate.ts'

/** What the account library answers a sign-up with. */
interface SignedUp {
  user: { email: string }
}

type HookContext = Parameters<Parameters<typeof createAuthMiddleware>[0]>[0]

const DAY_SECONDS = 24 * 60 * 60

export interface SignUps {
  /** Lets a sign-up in or refuses it; gives the address to work it off under where that is not its own. */
  receive(body: SignUpBody): Promise<string | null>
  /** The address that such a sign-up came with. */
  pretendedEmail(): string | null
}

/** What the account library asks us before a password is looked at, and tells us when somebody is in. */
export function passwordHooks({ attempts, marks }: { attempts: Attempts; marks: DeviceMarks }, signUps: SignUps) {
  const guesses = createGuessLimit(attempts, marks)
  const knownDevice = (context: HookContext) => marks.read(context.getCookie(deviceCookie(context).name))
  return {
    before: createAuthMiddleware(async context => {
      refuseEndlessAddress(context.body)
      if (context.path === '/sign-up/email') {
        const { email, code = context.headers?.get('x-signup-code') } = context.body ?? {}
        const standIn = await signUps.receive({ email, code })
        if (standIn !== null) context.body.email = standIn
        return
      }
      const email = await accountTried(context)
      if (email !== null) await guesses.admit(email, knownDevice(context))
    }),
    after: createAuthMiddleware(async context => {
      const { newSession, returned } = context.context
      if (!newSession) return
      const pretended = signUps.pretendedEmail()
      if (pretended !== null) Object.assign((returned as SignedUp).user, { email: pretended })
      const device = knownDevice(context)
      const tried = await accountTried(context)
      if (tried !== null) await guesses.wasRight(tried, device)
      const { name, attributes } = deviceCookie(context)
      context.setCookie(name, pretended === null ? marks.write(newSession.user.email, device) : marks.pretend(pretended), attributes)
    }),
  }
}

/** No address is longer. The library, which says the same of what is none, would look at each of its characters first. */
const ADDRESS_CHARACTERS_MAXIMUM = 320

function refuseEndlessAddress(body: HookContext['body']): void {
  const { email } = body ?? {}
  if (typeof email === 'string' && email.length > ADDRESS_CHARACTERS_MAXIMUM)
    throw new APIError('BAD_REQUEST', { code: 'INVALID_EMAIL', message: 'Invalid email' })
}

/** The e-mail address of the account whose password is about to be looked at; null where none is. */
async function accountTried(context: HookContext): Promise<string | null> {
  if (context.path === '/change-password') return (await getSessionFromCtx(context))?.user.email ?? null
  if (context.path !== '/sign-in/email') return null
  const { email } = context.body ?? {}
  return typeof email === 'string' ? email : null
}

const deviceCookie = (context: HookContext) => context.context.createAuthCookie('device', { maxAge: DEVICE_DAYS * DAY_SECONDS })
