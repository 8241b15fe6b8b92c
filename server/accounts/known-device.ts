import { createHmac, randomBytes } from 'node:crypto'
import { isSameSignature } from './signature.ts'

/** A browser from which somebody signed in to an account once. */
export interface KnownDevice {
  /** A digest of the account's e-mail address. */
  account: string
  /** The same for as long as the cookie is renewed. */
  id: string
}

export interface DeviceMarks {
  /** What the cookie of a device says: `account.id.until.signature`. Null for whatever we have not signed, or not lately. */
  read(mark: string | null | undefined): KnownDevice | null
  /** For the device that signed in just now: the same device as before where it was known. */
  write(email: string, before: KnownDevice | null): string
  /** What cannot be told from a mark of this account, and is none. */
  pretend(email: string): string
  accountOf(email: string): string
}

export const DEVICE_DAYS = 180
const DAY_MS = 24 * 60 * 60 * 1000

/**
 * Guesses from a known device are counted apart from those of strangers, so that strangers can lock nobody out.
 * Source: OWASP, Slow Down Online Guessing Attacks with Device Cookies.
 */
export function createDeviceMarks(secrets: string[]): DeviceMarks {
  const sign = (secret: string, text: string) => createHmac('sha256', secret).update(`pantheon device ${text}`).digest('base64url')
  const current = secrets[0]!
  const nobodys = randomBytes(32).toString('base64url')
  const accountOf = (email: string) => createHmac('sha256', 'pantheon account').update(email.toLowerCase()).digest('hex')
  const markOf = (account: string, id: string, secret: string) => {
    const text = `${account}.${id}.${Date.now() + DEVICE_DAYS * DAY_MS}`
    return `${text}.${sign(secret, text)}`
  }
  const newId = () => randomBytes(16).toString('base64url')
  return {
    accountOf,
    read(mark) {
      const [account, id, until, signature, ...more] = (mark ?? '').split('.')
      if (!account || !id || !until || !signature || more.length > 0) return null
      const isOurs = secrets.some(secret => isSameSignature(signature, sign(secret, `${account}.${id}.${until}`)))
      return isOurs && Number(until) > Date.now() ? { account, id } : null
    },
    write(email, before) {
      const account = accountOf(email)
      return markOf(account, before?.account === account ? before.id : newId(), current)
    },
    pretend: email => markOf(accountOf(email), newId(), nobodys),
  }
}
