import { existsSync } from 'node:fs'
import { reuseCompiledCode } from './program/compile-cache.ts'

// The one reader of the environment. What is set already wins over the file.
if (existsSync('.env')) process.loadEnvFile('.env')
// Before the large imports.
reuseCompiledCode(process.env.PANTHEON_DATA_DIR?.trim() || './data')
const { runCommand } = await import('./cli.ts')
await runCommand(process.argv, process.env)
