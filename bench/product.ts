import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import packageJson from '../package.json' with { type: 'json' }
import { freePort } from '../test/free-port.ts'
import { endProcess } from './child.ts'
import { cpuSecondsOf, cpuSecondsOfHelper, type Helper } from './meter.ts'
import { sum } from './statistics.ts'

/** The real program, as `npm start` and containers run it. */
export interface Product {
  url: string
  pid: number
  /** From its being started to the first request that it answered out of the database. */
  startedInMs: number
  cpu(): { own: number; others: number }
  /** The PostgreSQL and the Redis that work for it. */
  helpers: Helper[]
  end(): Promise<void>
}

export interface ProductOptions {
  dataDir: string
  endpointUrl: string
  /** Beside what every run of the bench sets. */
  environment?: Record<string, string>
  helpers?: Helper[]
  /** Options of Node itself, for profiles. */
  nodeOptions?: string[]
}

const repository = path.join(import.meta.dirname, '..')
const START_MS = 60_000
/** What follows `node` in `npm start`. */
const START = packageJson.scripts.start.split(' ').slice(1)

/** The limits that a user meets are raised, and enforcement is on; everything else is as it comes. */
const environmentOf = ({ dataDir, endpointUrl, environment }: ProductOptions, port: number): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOST: '127.0.0.1',
  PORT: String(port),
  PANTHEON_DATA_DIR: dataDir,
  OPENROUTER_BASE_URL: `${endpointUrl}/v1`,
  SIGNUP: 'open',
  SIGNUP_GRANT_CREDITS: '1000000',
  CREDIT_ENFORCEMENT_ENABLED: 'true',
  RATE_LIMIT_TURNS_PER_MINUTE: '1000000',
  RATE_LIMIT_TURNS_PER_HOUR: '1000000',
  TURNS_RUNNING_PER_USER: '100000',
  ...environment,
})

export async function startProduct(options: ProductOptions): Promise<Product> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const log = openSync(path.join(path.dirname(options.dataDir), `${path.basename(options.dataDir)}.log`), 'a')
  const begun = performance.now()
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), ...START], {
    cwd: repository,
    env: environmentOf(options, port),
    stdio: ['ignore', log, log],
  })
  const end = () => endProcess(child, 'SIGTERM')
  while (!(await answers(`${url}/ready`))) {
    if (child.exitCode !== null || performance.now() - begun > START_MS) {
      await end()
      throw new Error(`the program did not start; its log is beside ${options.dataDir}`)
    }
    // More often, and the asking would take its share of a small machine from the start that it waits for.
    await sleep(10)
  }
  const startedInMs = performance.now() - begun
  const helpers = options.helpers ?? embeddedPostmaster(options.dataDir)
  return {
    url,
    pid: child.pid!,
    startedInMs,
    helpers,
    cpu: () => ({ own: cpuSecondsOf(child.pid!), others: sum(helpers.map(cpuSecondsOfHelper)) }),
    end,
  }
}

const embeddedPostmaster = (dataDir: string): Helper[] => [
  { root: Number(readFileSync(path.join(dataDir, 'pg', 'postmaster.pid'), 'utf8').split('\n')[0]) },
]

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    response => response.ok,
    () => false,
  )
