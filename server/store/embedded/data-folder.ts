import { createHash } from 'node:crypto'
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { findServiceAccount, type PostgresAccount, postgresAccount, type ServiceAccount } from './postgres-account.ts'
import type { PostgresBinaries } from './postgres-binaries.ts'
import type { Postmaster } from './postmaster.ts'

/** Where the parts of PANTHEON_DATA_DIR that PostgreSQL uses are, as absolute paths without symbolic links. */
export interface DataFolder {
  root: string
  /** The database files. */
  files: string
  log: string
  account: PostgresAccount
  /** Where a server that we start listens. One that already runs says its own in postmaster.pid. */
  socketFolder: string
  port: number
}

/** A socket's path holds 107 bytes on Linux and 103 elsewhere; `/.s.PGSQL.5432` takes 14 of them. */
const SOCKET_FOLDER_BYTES = 89
export const SUPERUSER = 'pantheon'

/** Makes the folder, open to nobody else, where it is missing. */
export function openDataFolder(dataDir: string, binaries: PostgresBinaries): DataFolder {
  const service = findServiceAccount(path.join(dataDir, 'pg'))
  createPrivately(path.resolve(dataDir), service)
  const root = realpathSync(dataDir)
  const account = postgresAccount(service, [binaries.folder, root])
  return { ...pathsBelow(root), account, socketFolder: socketFolderFor(root), port: 5432 }
}

export function pathsBelow(root: string): Pick<DataFolder, 'root' | 'files' | 'log'> {
  return { root, files: path.join(root, 'pg'), log: path.join(root, 'postgres.log') }
}

/** How to connect to the server that runs on the folder. Rejects when the caller may not read the password. */
export function clientConfig(files: string, { socketFolder, port }: Postmaster): pg.ClientConfig {
  const password = readFileSync(passwordFile(files), 'utf8')
  return { host: socketFolder, port, user: SUPERUSER, password, connectionTimeoutMillis: 3_000 }
}

export const passwordFile = (files: string): string => path.join(files, 'pantheon.secret')

/** Under root the account's group may walk through, and nobody else. */
function createPrivately(dataDir: string, service: ServiceAccount | null): void {
  mkdirSync(path.dirname(dataDir), { recursive: true })
  if (!created(dataDir) || !service) return
  chownSync(dataDir, 0, service.gid)
  chmodSync(dataDir, 0o710)
}

function socketFolderFor(root: string): string {
  const near = path.join(root, 'run')
  if (Buffer.byteLength(near) <= SOCKET_FOLDER_BYTES) return near
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16)
  return path.join(realpathSync(tmpdir()), `pantheon-${name}`)
}

/** In the system's temporary folder the name could have been taken by somebody who wants to listen in: then it throws. */
export function openSocketFolder({ socketFolder, account }: DataFolder): void {
  if (created(socketFolder)) account.own(socketFolder)
  const found = lstatSync(socketFolder)
  const isPrivate = found.isDirectory() && found.uid === account.uid && (found.mode & 0o077) === 0
  if (!isPrivate) throw new Error(`${socketFolder} must be a folder of uid ${account.uid} with mode 0700.`)
}

/** False when it was there already. */
function created(folder: string): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}
