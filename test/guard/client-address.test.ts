import { describe, expect, test } from 'vitest'
import { useTestDatabase } from '../database.ts'
import { startProgram } from '../program.ts'

const database = await useTestDatabase()

/** How many of twelve sign-ins got as far as the password, each from an address of its own as its `X-Forwarded-For` has it. */
async function signIns(environment: Record<string, string>, forwarded: (tries: number) => string): Promise<number> {
  const program = await startProgram({
    DATABASE_URL: database.url,
    SUPABASE_JWT_SECRET: '',
    AUTH_SECRET: 'a secret that is long enough',
    ...environment,
  })
  try {
    let evaluated = 0
    for (let tries = 0; tries < 12; tries += 1) {
      const { status } = await fetch(`${program.address}/api/auth/sign-in/email`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': forwarded(tries) },
        body: JSON.stringify({ email: `${crypto.randomUUID()}@example.org`, password: 'wrong horse battery' }),
      })
      if (status === 401) evaluated += 1
    }
    return evaluated
  } finally {
    await program.stop()
  }
}

describe('the address of a client', () => {
  test('is that of the connection: nobody talks a limit away', async () => {
    expect(await signIns({}, tries => `203.0.113.${tries}`)).toBe(10)
  })

  test('is what a trusted proxy says', async () => {
    expect(await signIns({ TRUST_PROXY: 'loopback' }, tries => `203.0.113.${tries}`)).toBe(12)
  })

  test('is what the trusted proxy saw, whatever the client had said to it', async () => {
    expect(await signIns({ TRUST_PROXY: '127.0.0.0/8' }, tries => `203.0.113.${tries}, 198.51.100.1`)).toBe(10)
  })

  test('is that of the connection where another proxy is trusted', async () => {
    expect(await signIns({ TRUST_PROXY: '10.0.0.0/8' }, tries => `203.0.113.${tries}`)).toBe(10)
  })
})
