import { existsSync, readdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

// JavaScript, so that what was compiled before serves from the first module on: Node loads its TypeScript compiler for whatever comes earlier, which
// takes longer than all that is written here. What is compiled is run, so it lies with the code, where only those write who may change that as well.
enableCompileCache(path.join(import.meta.dirname, '../node_modules/.cache/pantheon'))

// The one reader of the environment. What is set already wins over the file.
if (existsSync('.env')) process.loadEnvFile('.env')
const { runCommand } = await import(isBuilt() ? './dist/cli.js' : './cli.ts')
await runCommand(process.argv, process.env)

/** Whether what `npm run build` made is there and nothing that it was made of is newer: then a few files are loaded in place of a thousand. */
function isBuilt() {
  const writtenAt = name => statSync(path.join(import.meta.dirname, name), { throwIfNoEntry: false })?.mtimeMs
  const builtAt = writtenAt('dist/cli.js')
  if (builtAt === undefined) return false
  // What an editor leaves for a moment, or an image does not have, is no source.
  const isOlder = name => (writtenAt(name) ?? 0) <= builtAt
  // The lock file stands for the packages, which are in the same files.
  if (!['../package-lock.json', '../vite.server.config.ts'].every(isOlder)) return false
  return ['.', '../contract'].every(folder =>
    readdirSync(path.join(import.meta.dirname, folder), { recursive: true }).every(
      name => !name.endsWith('.ts') || isOlder(path.join(folder, name)),
    ),
  )
}
