import { betterAuth } from 'better-auth'
import { APIError } from 'better-auth/api'
import { Refusal } from '../domain/refusal.ts'
import { type AccountLibraryOptions, accountLibraryOptions, newAccountId } from './account-library-options.ts'
import { resignedHeaders, rewrapSigningKeys } from './secret-rotation.ts'
import type { UnitsOfWork } from './unit-of-work.ts'

// Loading better-auth takes 0.1 to 0.2 s and 25 MB, so only local-accounts.ts imports this, and late.

export interface AccountLibrary {
  handle(request: Request): Promise<Response>
  /** Makes an account past every rule of sign-up, and signs nobody in. */
  createUser(account: NewAccount): Promise<{ userId: string; isFirstOwner: boolean }>
}

export interface NewAccount {
  email: string
  password: string
  name: string
}

/** Ready to answer, with a signing key that the current secret opens. */
export async function openAccountLibrary(units: UnitsOfWork, options: AccountLibraryOptions): Promise<AccountLibrary> {
  const library = betterAuth(accountLibraryOptions(units, options))
  const context = await library.$context
  await units.run(
    async unit => {
      await unit.begin()
      // Replicas that start together agree on one key.
      await unit.statement('', 'lock table auth.jwks in share row exclusive mode', [])
      await rewrapSigningKeys(unit, options.secrets)
      await library.api.getJwks()
    },
    () => true,
  )
  return {
    async handle(request) {
      const current = new Request(request, { headers: resignedHeaders(request.headers, options.secrets) })
      return units.run(
        () => library.handler(current),
        ({ status }) => status < 400,
      )
    },
    createUser: account =>
      units.run(
        async unit => {
          await unit.begin()
          const userId = newAccountId()
          unit.newUserId = userId
          const isFirstOwner = await options.records.claimFirstOwner(unit, userId)
          const { token } = await library.api.signUpEmail({ body: account }).catch(refuseAsOurs)
          if (token) await context.internalAdapter.deleteSession(token)
          return { userId, isFirstOwner }
        },
        () => true,
      ),
  }
}

function refuseAsOurs(error: unknown): never {
  if (!(error instanceof APIError)) throw error
  const taken = String(error.body?.code).startsWith('USER_ALREADY_EXISTS')
  throw new Refusal(taken ? 'conflict' : 'validation_error', error.message)
}
