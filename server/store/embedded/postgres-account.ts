import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
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
  const closed = service ? [...new Set(mustReach.flatMap(withParents))].filter(folder => !mayWalk(statSync(folder), service)) : []
  const wrapped = service && closed.length > 0 ? service : null
  if (wrapped) demandTheWay(wrapped, closed)
  const command = (file: string, args: string[]): Command => (wrapped ? keepingTheWayOpen(wrapped, file, args) : [file, args])
  const identity = service && !wrapped ? { uid: service.uid, gid: service.gid } : {}
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

const withParents = (folder: string): string[] =>
  folder === path.dirname(folder) ? [folder] : [folder, ...withParents(path.dirname(folder))]

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

function demandTheWay(account: ServiceAccount, closed: string[]): void {
  const { error, status, stderr } = spawnSync(...keepingTheWayOpen(account, 'true', []), { ...surroundings, encoding: 'utf8' })
  if (status === 0) return
  const reason = error ? 'setpriv, of util-linux, cannot be run' : stderr.trim()
  throw new Error(
    `PostgreSQL does not run as root, and account ${account.name} cannot walk through ${closed.join(', ')} (${reason}). ` +
      `Run Pantheon as an ordinary user, or open the way with: chmod o+x ${closed.join(' ')}`,
    { cause: error },
  )
}
