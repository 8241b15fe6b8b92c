import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import { findPostmaster, stopPostmaster } from '../../server/store/embedded/postmaster.ts'
import type { Fact } from './embedded-program.ts'

const NAMES = 'pantheon-trial-'
const PROGRAM = path.join(import.meta.dirname, 'embedded-program.ts')
/** Generous: these programs share two cores with the rest of the suite. */
const PATIENCE = { timeout: 25_000, interval: 10 }

/** A folder for one test, or for as long as `atEnd` says. */
export function trialFolder(atEnd: (discard: () => Promise<void>) => void = onTestFinished): string {
  const folder = mkdtempSync(path.join(realpathSync(tmpdir()), `${NAMES}${process.pid}-`))
  atEnd(() => discard(folder))
  return folder
}

/** Stops what a test run that was killed has left running. */
export async function discardAbandonedTrials(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(NAMES) ? Number(name.slice(NAMES.length).split('-')[0]) : 0
    if (pid && !existsSync(`/proc/${pid}`)) await discard(path.join(realpathSync(tmpdir()), name))
  }
}

async function discard(folder: string): Promise<void> {
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (path.basename(file) === 'postmaster.pid') await stopPostmaster(path.join(folder, path.dirname(file)), 1_000)
  }
  rmSync(folder, { recursive: true, force: true })
}

export interface Program {
  facts: Fact[]
  /** How it came by its server, as soon as it has one. */
  how(): Promise<string>
  /** Waits until it has committed `count` rows, and answers with all numbers that it called committed. */
  committed(count: number): Promise<number[]>
  /** Sends the signal; answers with the exit code, or null after a signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
  exitCode(): Promise<number | null>
}

/** A program of its own on the folder, killed with the test at the latest. */
export function runProgram(dataDir: string, env: Record<string, string> = {}, file = PROGRAM): Program {
  const child = spawn(process.execPath, [file, dataDir], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] })
  const facts: Fact[] = []
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  createInterface(child.stdout).on('line', line => facts.push(JSON.parse(line)))
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  const numbers = () => facts.flatMap(fact => ('committed' in fact ? [fact.committed] : []))
  return {
    facts,
    exitCode: () => exited,
    async how() {
      await expect.poll(() => facts.length, PATIENCE).toBeGreaterThan(0)
      return facts.flatMap(fact => ('how' in fact ? [fact.how] : []))[0] ?? ''
    },
    async committed(count) {
      await expect.poll(() => numbers().length, PATIENCE).toBeGreaterThanOrEqual(count)
      return numbers()
    },
    end(signal) {
      child.kill(signal)
      return exited
    },
  }
}

export function postmasterOf(dataDir: string): number {
  const postmaster = findPostmaster(path.join(realpathSync(dataDir), 'pg'))
  if (!postmaster) throw new Error(`no PostgreSQL runs on ${dataDir}`)
  return postmaster.pid
}

export const isServed = (dataDir: string): boolean => findPostmaster(path.join(realpathSync(dataDir), 'pg')) !== undefined

/** What the table of the programs holds. */
export async function storedNumbers(config: pg.ClientConfig): Promise<number[]> {
  const client = new pg.Client(config)
  await client.connect()
  const { rows } = await client.query<{ number: number }>('select number from rows order by number')
  await client.end()
  return rows.map(row => row.number)
}
