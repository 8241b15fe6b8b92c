import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type DataFolder, openSocketFolder } from './data-folder.ts'

/** What PostgreSQL's main process says of itself in postmaster.pid. Its lines appear one after another while it starts. */
export interface Postmaster {
  pid: number
  port: number
  socketFolder: string
  ready: boolean
}

const PID_FILE = 'postmaster.pid'
/** PostgreSQL itself kills what has not followed an immediate shutdown after five seconds. */
const IMMEDIATE_MS = 30_000
const POLL_MS = 5

/** The postmaster that runs on these files, ready or not; undefined when there is none. */
export function findPostmaster(files: string): Postmaster | undefined {
  const lines = linesOf(path.join(files, PID_FILE))
  const pid = Number(lines[0])
  if (!pid || !isPostmaster(pid, files)) return undefined
  return { pid, port: Number(lines[3]), socketFolder: lines[4] ?? '', ready: lines[7] === 'ready' }
}

/** Waits until the postmaster is ready, one that is stopping until it is gone; undefined when none runs (any more). */
export async function readyPostmaster(files: string, deadline: number): Promise<Postmaster | undefined> {
  for (;;) {
    const postmaster = findPostmaster(files)
    if (!postmaster || postmaster.ready) return postmaster
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL (process ${postmaster.pid}) on ${files} is neither ready nor gone: end it with kill -QUIT.`)
    await sleep(POLL_MS)
  }
}

/** Starts a postmaster and waits until one has registered. False when it exited first; its log says why. */
export async function launchPostmaster(folder: DataFolder, postgres: string): Promise<boolean> {
  openSocketFolder(folder)
  discardForeignLocks(folder)
  const log = openSync(folder.log, 'a', 0o600)
  const child = folder.account.spawn(postgres, launchArguments(folder), log)
  closeSync(log)
  let exited = false
  for (const event of ['exit', 'error']) {
    child.once(event, () => {
      exited = true
    })
  }
  child.unref()
  while (!exited && !findPostmaster(folder.files)) await sleep(POLL_MS)
  return findPostmaster(folder.files) !== undefined
}

/**
 * Fast shutdown: connections are ended, a checkpoint is written. When that takes longer than `patienceMs`, an immediate one, after which the
 * next start recovers: PostgreSQL 18 never ends when it is told to stop while it restarts after the crash of one of its processes. False when
 * it does not end at all.
 */
export async function stopPostmaster(files: string, patienceMs: number): Promise<boolean> {
  const pid = findPostmaster(files)?.pid
  return !pid || (await ends(pid, 'SIGINT', patienceMs, files)) || (await ends(pid, 'SIGQUIT', IMMEDIATE_MS, files))
}

async function ends(pid: number, signal: NodeJS.Signals, patienceMs: number, files: string): Promise<boolean> {
  const deadline = Date.now() + patienceMs
  if (exists(pid)) process.kill(pid, signal)
  while (isPostmaster(pid, files)) {
    if (Date.now() > deadline) return false
    await sleep(POLL_MS)
  }
  return true
}

function launchArguments({ files, socketFolder, port }: DataFolder): string[] {
  const settings = {
    listen_addresses: '',
    jit: 'off',
    log_checkpoints: 'off',
    // Failed statements and the values in them are people's words: whoever sent a statement learns of its error, the log does not.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', files, '-k', socketFolder, '-p', String(port), ...options]
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.trim())
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/**
 * PostgreSQL refuses to start while the process that a lock file names exists, whatever that process is by now: after a crash in a container
 * the number often belongs to another program, or to a zombie that nobody reaps.
 */
function discardForeignLocks({ files, socketFolder, port }: DataFolder): void {
  for (const lock of [path.join(files, PID_FILE), path.join(socketFolder, `.s.PGSQL.${port}.lock`)]) {
    const pid = Number(linesOf(lock)[0])
    if (pid && exists(pid) && !isPostmaster(pid, files)) rmSync(lock, { force: true })
  }
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isPostmaster(pid: number, files: string): boolean {
  return process.platform === 'linux' ? isPostmasterByArguments(pid, files) : isPostmasterByTitle(pid, files)
}

/** A postmaster that somebody started by hand with a relative folder, or none, may be on ours: it counts. */
function isPostmasterByArguments(pid: number, files: string): boolean {
  const [program = '', ...args] = processArguments(pid)
  if (path.basename(program) !== 'postgres') return false
  const folder = args.includes('-D') ? args[args.indexOf('-D') + 1] : undefined
  return !folder || !path.isAbsolute(folder) || folder === files
}

/** Empty for a process that is gone and for a zombie. */
function processArguments(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Where there is no /proc. `ps` fails for a process that is gone and gives a zombie another title. */
function isPostmasterByTitle(pid: number, files: string): boolean {
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
  return (stdout ?? '').includes(`postgres -D ${files} -k`)
}
