import { createHash, randomBytes } from 'node:crypto'

// Told from every other token by its beginning, which scanners for leaked secrets look for, too.
const BEGINNING = 'pantheon_'
const RANDOM_BYTES = 24
const SHAPE = /^pantheon_[0-9a-f]{48}$/
const SHOWN_CHARACTERS = BEGINNING.length + 8

export interface NewApiKey {
  key: string
  prefix: string
  sha256: string
}

/** 192 random bits: guessing is hopeless, so that a plain digest keeps them as well as a slow one would. */
export function makeApiKey(): NewApiKey {
  const key = BEGINNING + randomBytes(RANDOM_BYTES).toString('hex')
  return { key, prefix: key.slice(0, SHOWN_CHARACTERS), sha256: sha256(key) }
}

/** What is stored of the key that this token is; null when it is none. */
export const apiKeyDigest = (token: string): string | null => (SHAPE.test(token) ? sha256(token) : null)

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
