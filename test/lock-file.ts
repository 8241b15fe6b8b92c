import { readFileSync, writeFileSync } from 'node:fs'

// npm leaves out of the lock file whatever optional package its registry could not answer for, such as a binary for a platform that a mirror
// does not carry, and `npm ci` then refuses the file everywhere. What an entry must say of such a package follows from its name.

interface LockedPackage {
  version?: string
  optionalDependencies?: Record<string, string>
  dev?: boolean
  optional?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
}

interface LockFile {
  packages: Record<string, LockedPackage>
}

export interface MissingPackage {
  /** Where it would be, as `node_modules/<name>`. */
  path: string
  version: string
  dev: boolean
}

const FILE = new URL('../package-lock.json', import.meta.url)
const SYSTEMS = new Set(['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'])
const PROCESSORS = new Set(['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'])

export const readLockFile = (): LockFile => JSON.parse(readFileSync(FILE, 'utf8'))

export function missingPackages({ packages }: LockFile): MissingPackage[] {
  return Object.entries(packages).flatMap(([owner, { optionalDependencies = {}, dev = false }]) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => !foldersAbove(owner).some(folder => `${folder}node_modules/${name}` in packages))
      .map(([name, version]) => ({ path: `node_modules/${name}`, version, dev })),
  )
}

/** Writes an entry for each package that is missing. It has no hash, which only whoever can fetch the package could know. */
export function completeLockFile(): void {
  const lock = readLockFile()
  const added = missingPackages(lock).map(({ path, version, dev }) => [
    path,
    { version, ...platformOf(path), ...(dev && { dev }), optional: true },
  ])
  const packages = [...Object.entries(lock.packages), ...(added as [string, LockedPackage][])].sort(([a], [b]) => a.localeCompare(b, 'en'))
  writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: Object.fromEntries(packages) }, null, 2)}\n`)
}

/** From `node_modules/a/node_modules/b` up to the root, which is empty, each ready to be continued. */
function foldersAbove(owner: string): string[] {
  const end = owner.lastIndexOf('node_modules/')
  return end < 0 ? [''] : [`${owner}/`, ...foldersAbove(owner.slice(0, Math.max(end - 1, 0)))]
}

function platformOf(path: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const words = path.split(/[/-]/)
  const [os, cpu] = [words.find(word => SYSTEMS.has(word)), words.find(word => PROCESSORS.has(word))]
  if (!os && !cpu) throw new Error(`The lock file lacks ${path}, which is for no platform by its name: install again.`)
  return { ...(os && { os: [os] }), ...(cpu && { cpu: [cpu] }), ...(words.includes('musl') && { libc: ['musl'] }) }
}
