import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { chownSync, readFileSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Who PostgreSQL runs as: whoever runs this program or, since PostgreSQL refuses root, an account that can do nothing else. */
export interface PostgresAccount {
  uid: number
  /** Gives a file or folder to the account. */
  own(file: string): void
  run(file: string, args: string[]): Promise<void>
  /** A process of its own session (Ctrl-C must not reach it before our ordered stop), with `log` as its output. */
  spawn(file: string, args: string[], log: number): ChildProcess
}

/** An account of the machine, when this program runs as root; null when it need not change to any. */
export interface ServiceAccount {
  name: string
  uid: number
  gid: number
}

type Command = [file: string, args: string[]]

// Nothing of our own environment, which holds keys. The working folder must be one that every account can enter.
const surroundings = { env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' }

/** `files` is where the database files are, or will be: existing ones decide, so that a new account on the machine changes nothing. */
export function findServiceAccount(files: string): ServiceAccount | null {
  const owner = statSync(files, { throwIfNoEntry: false })
  if (process.getuid?.() === 0)
    return owner && owner.uid !== 0 ? { name: String(owner.uid), uid: owner.uid, gid: owner.gid } : unprivilegedAccount()
  if (owner && owner.uid !== process.getuid?.())
    throw new Error(`${files} belongs to another account (uid ${owner.uid}): run Pantheon as that one.`)
  return null
}

function unprivilegedAccount(): ServiceAccount {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map(line => line.split(':'))
  const [name, , uid, gid] = entries.find(entry => entry[0] === 'postgres') ?? entries.find(entry => entry[0] === 'nobody') ?? []
  if (!name)
    throw new Error(
      'PostgreSQL does not run as root, and this machine has no account "postgres" or "nobody": run Pantheon as an ordinary user.',
    )
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** `mustReach`: folders that the account has to walk to. */
export function postgresAccount(service: ServiceAccount | null, mustReach: string[]): PostgresAccount {
  const closed = service && mustReach.map(folder => closedParent(folder, service)).find(folder => folder !== null)
  const command = (file: string, args: string[]): Command => (service && closed ? keepingTheWayOpen(service, file, args) : [file, args])
  const identity = service && !closed ? { uid: service.uid, gid: service.gid } : {}
  if (service && closed) demandTheWay(service, closed)
  return {
    uid: service?.uid ?? process.getuid?.() ?? 0,
    own: file => service && chownSync(file, service.uid, service.gid),
    run: async (file, args) => {
      await execute(...command(file, args), { ...surroundings, ...identity })
    },
    spawn: (file, args, log) =>
      spawn(...command(file, args), { ...surroundings, ...identity, detached: true, stdio: ['ignore', log, log] }),
  }
}

/** The first folder on the way up that the account may not walk through. */
function closedParent(folder: string, account: ServiceAccount): string | null {
  if (!mayWalk(statSync(folder), account)) return folder
  return folder === path.dirname(folder) ? null : closedParent(path.dirname(folder), account)
}

function mayWalk({ mode, uid, gid }: Stats, account: ServiceAccount): boolean {
  if (uid === account.uid) return (mode & 0o100) !== 0
  return (mode & (gid === account.gid ? 0o010 : 0o001)) !== 0
}

/**
 * Below a closed folder, such as root's home, the account keeps the one capability that lets it walk there, and nothing else of root's.
 * Without no_setuid_fixup access(2) would ignore the capability, and initdb call its own binary invalid.
 */
function keepingTheWayOpen({ uid, gid }: ServiceAccount, file: string, args: string[]): Command {
  const identity = ['--securebits=+no_setuid_fixup', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const capability = ['inh-caps', 'ambient-caps', 'bounding-set'].map(set => `--${set}=-all,+dac_read_search`)
  return ['setpriv', [...identity, ...capability, '--', file, ...args]]
}

function demandTheWay(account: ServiceAccount, closed: string): void {
  try {
    execFileSync(...keepingTheWayOpen(account, 'true', []), { ...surroundings, stdio: 'pipe' })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'setpriv (of util-linux) is missing' : String(error)
    throw new Error(
      `PostgreSQL does not run as root, and account ${account.name} cannot get through ${closed} (${reason}). ` +
        `Run Pantheon as an ordinary user, or open the way with: chmod o+x ${closed}`,
      { cause: error },
    )
  }
}
