import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { afterAll } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }
import { JWT_SECRET } from './program.ts'

/** The program as a process of its own, so that it can be killed, or stand beside another. */
export interface ChildProgram {
  address: string
  child: ChildProcess
  /** What it has logged since it started, line by line. */
  logged: string[]
  /** Ends it by a signal and waits until it is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** What Node is told so that a program ends with this process at the latest. */
export const ENDING_WITH_THIS = [
  '--import',
  `${pathToFileURL(path.join(import.meta.dirname, 'ends-with-parent.mjs'))}?parent=${process.pid}`,
]

/** What Node is told in `npm start`. */
export const AS_STARTED = packageJson.scripts.start.split(' ').filter(word => word.startsWith('--'))

/** What is left of them is killed `atEnd`: after the file's last test, or with `onTestFinished` after the test that has started them. */
export async function startChildProgram(
  environment: Record<string, string>,
  atEnd: (end: () => Promise<void>) => void = afterAll,
): Promise<ChildProgram> {
  const child = spawn(process.execPath, [...ENDING_WITH_THIS, ...AS_STARTED, 'server/main.mjs', 'serve'], {
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
  atEnd(() => end('SIGKILL'))
  const logged: string[] = []
  const address = await new Promise<string>((resolve, reject) => {
    // Read to its end: a program that logs into a pipe that nobody empties stops.
    createInterface({ input: child.stdout! })
      .on('line', line => {
        const [, told] = /^\s+address\s+([^\s,]+)/.exec(line) ?? []
        if (told) resolve(told)
        else if (line.startsWith('{')) logged.push(line)
      })
      .on('close', () => reject(new Error('the program did not start')))
  })
  return { address, child, logged, end }
}
