import { SignJWT } from 'jose'

/** Signs the tokens of the users of a bench, as a Supabase project would. */
export const SECRET = 'a secret of the bench that is long enough'

export const bearerOf = (userId: string): Promise<string> =>
  new SignJWT({ email: `${userId}@example.org` })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setAudience('authenticated')
    .setExpirationTime('2h')
    .sign(new TextEncoder().encode(SECRET))
