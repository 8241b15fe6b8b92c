import { createHash } from 'node:crypto'
import type { Redis } from './redis.ts'

/** Lua that Redis runs as one step. */
export interface RedisScript {
  text: string
  sha: string
}

export const script = (text: string): RedisScript => ({ text, sha: createHash('sha1').update(text).digest('hex') })

/** What the script answers: integers. A Redis that has forgotten it is told again. */
export const callScript = (redis: Redis, { text, sha }: RedisScript, key: string, parameters: string[]): Promise<number[]> =>
  redis.run(async client => {
    const call = { keys: [key], arguments: parameters }
    try {
      return (await client.evalSha(sha, call)) as number[]
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
      return (await client.eval(text, call)) as number[]
    }
  })
