import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

/**
 * What Node compiles is kept in the data folder, which nobody else can write to, for the next start (server/main.mjs): it halves its time. Does
 * nothing where there is no data folder, or none that can be written to.
 */
export function keepCompiledCode(dataDir: string): void {
  const folder = path.resolve(dataDir, 'compile-cache')
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return
  }
  enableCompileCache(folder)
}
