import { createHash, createHmac } from 'node:crypto'
import { symmetricDecrypt, symmetricEncrypt } from 'better-auth/crypto'
import { isSameSignature } from './signature.ts'
import type { Statements } from './unit-of-work.ts'

// The account library signs cookies with its first secret only, and encrypts its signing keys under a number for each secret.
// What follows lets the second secret of a rotation still be worth something.

/** A secret's number must stay its own when another is put before it, so it follows from the secret itself. */
export function numberedSecrets(secrets: string[]): { version: number; value: string }[] {
  return secrets.map(value => ({ version: createHash('sha256').update(value).digest().readUIntBE(0, 4), value }))
}

/** The request's headers, in which whatever an earlier secret had signed is signed by the current one. */
export function resignedHeaders(headers: Headers, secrets: string[]): Headers {
  const resigned = new Headers(headers)
  const cookies = headers.get('cookie')
  if (cookies)
    resigned.set(
      'cookie',
      cookies
        .split(/;\s*/)
        .map(pair => resignedPair(pair, secrets))
        .join('; '),
    )
  const bearer = /^Bearer (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (bearer) resigned.set('authorization', `Bearer ${resignedValue(bearer, secrets)}`)
  return resigned
}

function resignedPair(pair: string, secrets: string[]): string {
  const equals = pair.indexOf('=')
  return equals < 0 ? pair : `${pair.slice(0, equals)}=${resignedValue(pair.slice(equals + 1), secrets)}`
}

/** `value.signature`, percent-encoded, the signature in base 64, as the account library writes it. */
function resignedValue(encoded: string, [current = '', ...earlier]: string[]): string {
  const [value = '', signature = ''] = decoded(encoded).split(/\.(?=[^.]*$)/)
  const isEarlier = earlier.some(secret => isSameSignature(signature, signatureOf(value, secret)))
  return isEarlier ? encodeURIComponent(`${value}.${signatureOf(value, current)}`) : encoded
}

const signatureOf = (value: string, secret: string) => createHmac('sha256', secret).update(value).digest('base64')

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

interface StoredKey {
  id: string
  privateKey: string
}

/**
 * Puts every signing key under the current secret, so that the earlier one can be retired. A key that no secret opens signs nothing
 * any more, and the library makes another; what it had signed stays valid, because its public half stays.
 */
export async function rewrapSigningKeys(sql: Statements, secrets: string[]): Promise<void> {
  const numbered = numberedSecrets(secrets)
  const key = { keys: new Map(numbered.map(({ version, value }) => [version, value])), currentVersion: numbered[0]!.version }
  const live = await sql.statement<StoredKey>(
    '',
    `select id, "privateKey" from auth.jwks where "expiresAt" is null or "expiresAt" > now()`,
    [],
  )
  for (const { id, privateKey } of live) {
    const wrapped = JSON.parse(privateKey) as string
    if (wrapped.startsWith(`$ba$${key.currentVersion}$`)) continue
    const opened = await symmetricDecrypt({ key, data: wrapped }).catch(() => null)
    if (opened === null) await sql.statement('', `update auth.jwks set "expiresAt" = now() where id = $1`, [id])
    else
      await sql.statement('', `update auth.jwks set "privateKey" = $2 where id = $1`, [
        id,
        JSON.stringify(await symmetricEncrypt({ key, data: opened })),
      ])
  }
}
