import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll } from 'vitest'
import { JWT_SECRET } from './program.ts'

/** The program as a process of its own, so that it can be killed, or stand beside another. */
export interface ChildProgram {
  address: string
  child: ChildProcess
  /** Ends it by a signal and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** What is left of them is killed after the file's last test. */
export async function startChildProgram(environment: Record<string, string>): Promise<ChildProgram> {
  const child = spawn(process.execPath, ['server/main.ts', 'serve'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: '0',
      SUPABASE_JWT_SECRET: JWT_SECRET,
      SIGNUP_GRANT_CREDITS: '100',
      SHUTDOWN_GRACE_SECONDS: '1',
      LOG_LEVEL: 'error',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  afterAll(() => end('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout! })) {
    const address = /^\s+address\s+(\S+)/.exec(line)?.[1]
    if (address) return { address, child, end }
  }
  throw new Error('the program did not start')
}
