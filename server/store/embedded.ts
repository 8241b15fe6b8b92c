import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { isConnectionLoss } from './database.ts'
import { clientConfig, type DataFolder, openDataFolder, pathsBelow } from './embedded/data-folder.ts'
import { createDatabaseFiles } from './embedded/database-files.ts'
import { claimDataFolder } from './embedded/folder-owner.ts'
import { findPostgresBinaries } from './embedded/postgres-binaries.ts'
import { launchPostmaster, readyPostmaster, stopPostmaster } from './embedded/postmaster.ts'
import { type EmbeddedLog, type Supervision, superviseOwner } from './embedded/supervision.ts'

export { DataFolderInUse } from './embedded/folder-owner.ts'

/** A PostgreSQL that this program brought along and runs. */
export interface EmbeddedPostgres {
  /** Stays valid when the server had to be restarted. */
  config: pg.ClientConfig
  /** `adopted`: it ran already, left behind by a program that was killed. */
  how: 'new' | 'started' | 'adopted'
  /** Resolves, with the reason, when the server is gone for good, or the folder another program's: this program should end. */
  lost: Promise<Error>
  /** Orderly shutdown; end the pools first. */
  stop(): Promise<void>
}

interface OwnedServer {
  owner: pg.Client
  config: pg.ClientConfig
  launched: boolean
}

const DATABASE = 'pantheon'
/** How long a server may take that has much to recover after a crash. One that exits at once is tried again for about five seconds. */
const READY_MS = 120_000
/** How long it may take to write everything out before it is stopped without. */
const STOP_MS = 10_000
const LAUNCHES = 50
const PAUSE_MS = 100

/**
 * Starts, or adopts, the PostgreSQL whose files are in `<dataDir>/pg`, makes them at first, and keeps the server running until `stop`.
 * Rejects with `DataFolderInUse` when another program serves from the folder.
 */
export async function startEmbeddedPostgres(dataDir: string, log: EmbeddedLog): Promise<EmbeddedPostgres> {
  const binaries = await findPostgresBinaries()
  const folder = openDataFolder(dataDir, binaries)
  const made = await createDatabaseFiles(folder, binaries.initdb)
  const { owner, config, launched } = await bringUp(folder, binaries.postgres)
  await createDatabase(owner)
  // The pools keep the address that they were given, so a restart has to listen there.
  const sameAddress = { ...folder, socketFolder: String(config.host), port: Number(config.port) }
  const supervision = superviseOwner(owner, async () => (await bringUp(sameAddress, binaries.postgres)).owner, log)
  return {
    config: { ...config, database: DATABASE },
    how: made ? 'new' : launched ? 'started' : 'adopted',
    lost: supervision.lost,
    stop: () => stopOwned(supervision, folder, log),
  }
}

/** The PostgreSQL that runs on the folder already, beside the program that owns it; undefined when none runs. */
export async function joinEmbeddedPostgres(dataDir: string): Promise<pg.ClientConfig | undefined> {
  if (!existsSync(dataDir)) return undefined
  const { files } = pathsBelow(realpathSync(dataDir))
  const postmaster = await readyPostmaster(files, Date.now() + READY_MS)
  return postmaster && { ...clientConfig(files, postmaster), database: DATABASE }
}

/** A running server with this program as its owner. Whoever else starts or stops it meanwhile only makes this take longer. */
async function bringUp(folder: DataFolder, postgres: string): Promise<OwnedServer> {
  const deadline = Date.now() + READY_MS
  let launches = 0
  for (;;) {
    const postmaster = await readyPostmaster(folder.files, deadline)
    if (postmaster) {
      const config = clientConfig(folder.files, postmaster)
      const owner = await claimDataFolder(config, folder.root).catch(error => unlessPassing(error, deadline))
      if (owner) return { owner, config, launched: launches > 0 }
    } else {
      launches += 1
      if (await launchPostmaster(folder, postgres)) continue
      // What is left of a postmaster that was killed holds its shared memory for a moment.
      if (launches === LAUNCHES) throw new Error(`PostgreSQL does not start. ${lastWords(folder.log)}`)
    }
    await sleep(PAUSE_MS)
  }
}

/** A server that just stops, or that recovers from a crash of one of its processes, still says that it is ready. */
function unlessPassing(error: unknown, deadline: number): undefined {
  if (!isConnectionLoss(error) || Date.now() > deadline) throw error
}

async function createDatabase(owner: pg.Client): Promise<void> {
  const { rowCount } = await owner.query('select from pg_database where datname = $1', [DATABASE])
  if (!rowCount) await owner.query(`create database ${pg.escapeIdentifier(DATABASE)}`)
}

async function stopOwned(supervision: Supervision, folder: DataFolder, log: EmbeddedLog): Promise<void> {
  const owner = await supervision.retire()
  if (!owner) return
  // The owner leaves after the server: in between, another program could have taken the folder over.
  if (!(await stopPostmaster(folder.files, STOP_MS))) log.error({}, 'PostgreSQL does not stop; the next start adopts it')
  await owner.end()
}

function lastWords(log: string): string {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []
  return `Its log, ${log}, ends with: ${lines.slice(-3).join(' ')}`
}
