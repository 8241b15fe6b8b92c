import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type DataFolder, passwordFile, SUPERUSER } from './data-folder.ts'

const UNFINISHED = 'pg.init-'

/**
 * Makes the database files beside their place and renames them once: a crash half way, or a second program, leaves nothing half made.
 * False when they are there already.
 */
export async function createDatabaseFiles(folder: DataFolder, initdb: string): Promise<boolean> {
  removeUnfinished(folder.root)
  if (areComplete(folder.files)) return false
  const workplace = path.join(folder.root, `${UNFINISHED}${process.pid}`)
  mkdirSync(workplace, { mode: 0o700 })
  folder.account.own(workplace)
  try {
    const made = await initialise(folder, initdb, workplace)
    return moveIntoPlace(made, folder)
  } finally {
    removeFolder(workplace)
  }
}

const areComplete = (files: string): boolean => existsSync(path.join(files, 'PG_VERSION'))

async function initialise({ account }: DataFolder, initdb: string, workplace: string): Promise<string> {
  const files = path.join(workplace, 'pg')
  const password = path.join(workplace, 'password')
  writeFileSync(password, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true })
  account.own(password)
  // The builtin locale sorts and changes case alike on every machine, whatever its C library.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const run = account.run(initdb, ['-D', files, '-U', SUPERUSER, '-A', 'scram-sha-256', `--pwfile=${password}`, ...locale])
  await run.catch(error => {
    throw new Error(`PostgreSQL cannot make its files. ${String(error.stderr || error.message).trim()}`, { cause: error })
  })
  renameSync(password, passwordFile(files))
  return files
}

function moveIntoPlace(made: string, { root, files }: DataFolder): boolean {
  try {
    renameSync(made, files)
  } catch (error) {
    if (!areComplete(files)) throw error
    return false
  }
  syncFolder(files)
  syncFolder(root)
  return true
}

/** A name in a folder outlives a power loss only when the folder is written out too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function removeUnfinished(root: string): void {
  for (const name of readdirSync(root)) {
    if (name.startsWith(UNFINISHED) && !isAtWork(Number(name.slice(UNFINISHED.length)))) {
      removeFolder(path.join(root, name))
    }
  }
}

/**
 * The initdb of a program that was killed may still be writing there, until it finds that its files are gone, and then removes what it made:
 * `rmSync` ends without an error, and without having removed the rest, when a file goes under its hands.
 */
function removeFolder(folder: string): void {
  do rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
  while (existsSync(folder))
}

/** Whether another program may still be making files there. Our own number on a folder is that of a program before us. */
function isAtWork(pid: number): boolean {
  if (pid === process.pid) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
