import { existsSync, mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

// What Node has compiled once is kept in the data folder, which nobody else can write to: it halves the time of the second start.

/** Uses what an earlier start has kept. Writes to no folder that is not this program's already, so it may come before any check. */
export function reuseCompiledCode(dataDir: string): void {
  if (existsSync(cacheOf(dataDir))) enableCompileCache(cacheOf(dataDir))
}

/** From here on keeps what is compiled. Does nothing where there is no data folder, or none that can be written to. */
export function keepCompiledCode(dataDir: string): void {
  try {
    mkdirSync(cacheOf(dataDir), { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return
  }
  enableCompileCache(cacheOf(dataDir))
}

const cacheOf = (dataDir: string): string => path.resolve(dataDir, 'compile-cache')
