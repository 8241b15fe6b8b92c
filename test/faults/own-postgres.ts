import { readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { clientConfig, openDataFolder } from '../../server/store/embedded/data-folder.ts'
import { createDatabaseFiles } from '../../server/store/embedded/database-files.ts'
import { findPostgresBinaries } from '../../server/store/embedded/postgres-binaries.ts'
import { findPostmaster, launchPostmaster, readyPostmaster, stopPostmaster } from '../../server/store/embedded/postmaster.ts'
import { trialFolder } from '../store/embedded-trial.ts'

/** A PostgreSQL server that a test may kill and freeze. */
export interface OwnPostgres {
  url: string
  /** Every process of it stops, as on a machine that hangs: connections stay and say nothing. */
  freeze(): void
  thaw(): void
  /** `kill -9` of the postmaster; the others leave when they notice. */
  kill(): void
  /** Resolves when it takes connections again. */
  restart(): Promise<void>
  /** For the end. */
  remove(): Promise<void>
}

const READY_MS = 60_000
const DATABASE = 'chaos'

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const binaries = await findPostgresBinaries()
  const folder = openDataFolder(path.join(trialFolder(), 'data'), binaries)
  await createDatabaseFiles(folder, binaries.initdb)

  const start = async () => {
    const until = Date.now() + READY_MS
    for (;;) {
      // What is left of a killed one holds its shared memory for a moment.
      if (!findPostmaster(folder.files)) await launchPostmaster(folder, binaries.postgres)
      const postmaster = await readyPostmaster(folder.files, until)
      if (postmaster && (await answers({ ...clientConfig(folder.files, postmaster), database: 'postgres' }))) return postmaster
      if (Date.now() > until) throw new Error('PostgreSQL did not start.')
      await sleep(50)
    }
  }
  const config = clientConfig(folder.files, await start())
  await createDatabase({ ...config, database: 'postgres' })

  let frozen: number[] = []
  const thaw = () => {
    for (const pid of frozen) signal(pid, 'SIGCONT')
    frozen = []
  }
  return {
    url: urlOf(config),
    freeze() {
      const postmaster = findPostmaster(folder.files)!.pid
      signal(postmaster, 'SIGSTOP')
      // The postmaster first: a stopped one makes no more of them.
      frozen = [...childrenOf(postmaster), postmaster]
      for (const pid of frozen) signal(pid, 'SIGSTOP')
    },
    thaw,
    kill() {
      signal(findPostmaster(folder.files)!.pid, 'SIGKILL')
    },
    restart: async () => void (await start()),
    async remove() {
      thaw()
      await stopPostmaster(folder.files, 5_000)
    },
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

async function answers(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(config)
  client.on('error', () => undefined)
  return await client
    .connect()
    .then(() => client.end())
    .then(
      () => true,
      () => false,
    )
}

async function createDatabase(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(config)
  await client.connect()
  await client.query(`create database ${DATABASE}`)
  await client.end()
}

const urlOf = ({ host = '', port, user = '', password }: pg.ClientConfig): string =>
  `postgres://${encodeURIComponent(user)}:${encodeURIComponent(String(password))}@${encodeURIComponent(host)}:${port}/${DATABASE}`
