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

/** Whether what `npm run build` made of the sources is there and no source is newer: then a few files are loaded in place of a thousand. */
function isBuilt() {
  const built = statSync(path.join(import.meta.dirname, 'dist/cli.js'), { throwIfNoEntry: false })
  if (!built) return false
  const isOlder = file => statSync(file).mtimeMs <= built.mtimeMs
  return ['.', '../contract']
    .map(folder => path.join(import.meta.dirname, folder))
    .every(folder => readdirSync(folder, { recursive: true }).every(name => !name.endsWith('.ts') || isOlder(path.join(folder, name))))
}
