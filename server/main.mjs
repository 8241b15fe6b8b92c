import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

// JavaScript, so that what an earlier start has compiled serves from the first module on: Node loads its TypeScript compiler for whatever comes
// before, which takes longer than all that is written here.

// The one reader of the environment. What is set already wins over the file.
if (existsSync('.env')) process.loadEnvFile('.env')
// Writes to no folder that is not this program's already (program/compile-cache.ts makes it), so it may come before any check.
const compiled = path.resolve(process.env.PANTHEON_DATA_DIR?.trim() || './data', 'compile-cache')
if (existsSync(compiled)) enableCompileCache(compiled)
const { runCommand } = await import('./cli.ts')
await runCommand(process.argv, process.env)
