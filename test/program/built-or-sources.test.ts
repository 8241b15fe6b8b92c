import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

// Which of its two forms the program runs in: a checkout of nothing but server/main.mjs, where each form says which one it is.

const MAIN = path.join(import.meta.dirname, '../../server/main.mjs')
const BUILT = 'server/dist/cli.js'
const SOURCES = ['server/cli.ts', 'server/store/rows.ts', 'contract/rooms.ts']
/** What else it is made of; an image has neither. */
const MAKINGS = ['package-lock.json', 'vite.server.config.ts']

let root: string
const writtenAt = (file: string, second: number) => utimesSync(path.join(root, file), second, second)
const started = () => execFileSync(process.execPath, [path.join(root, 'server/main.mjs')], { cwd: root, encoding: 'utf8' }).trim()

beforeEach(() => {
  root = realpathSync(mkdtempSync(path.join(tmpdir(), 'pantheon-forms-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  for (const [file, form] of [...[...SOURCES, ...MAKINGS].map(file => [file, 'sources']), [BUILT, 'built']] as [string, string][]) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
    writeFileSync(path.join(root, file), `export const runCommand = () => console.log('${form}')\n`)
    writtenAt(file, 1000)
  }
  writeFileSync(path.join(root, 'package.json'), '{"type":"module"}')
  cpSync(MAIN, path.join(root, 'server/main.mjs'))
})

test('runs what was built', () => {
  expect(started()).toBe('built')
})

test('runs what was built where nothing tells what of', () => {
  for (const making of MAKINGS) rmSync(path.join(root, making))
  // What an editor leaves beside a file that is being edited.
  symlinkSync('ada@laptop', path.join(root, 'server/.#cli.ts'))
  expect(started()).toBe('built')
})

test('runs its sources where nothing was built', () => {
  rmSync(path.join(root, BUILT))
  expect(started()).toBe('sources')
})

test.each([...SOURCES, ...MAKINGS])('runs its sources when %s is newer than what was built', source => {
  writtenAt(source, 1001)
  expect(started()).toBe('sources')
})
