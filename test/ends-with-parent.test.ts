import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const ENDS_WITH_PARENT = pathToFileURL(path.join(import.meta.dirname, 'ends-with-parent.mjs'))
/** Starts a program that would run for ever, and says its pid. */
const STARTER = `
  const { spawn } = require('node:child_process')
  const args = ['--import', \`\${process.argv[1]}?parent=\${process.pid}\`, '--eval', 'setInterval(() => undefined, 1000)']
  console.log(spawn(process.execPath, args, { stdio: 'ignore' }).pid)
  setInterval(() => undefined, 1000)`

test('a program of a test does not outlive the run that started it, however that ended', async () => {
  const run = spawn(process.execPath, ['--eval', STARTER, String(ENDS_WITH_PARENT)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void run.kill('SIGKILL'))
  const [said] = await once(run.stdout, 'data')
  const pid = Number(said)
  onTestFinished(() => {
    if (runs(pid)) process.kill(pid, 'SIGKILL')
  })
  expect(runs(pid)).toBe(true)
  run.kill('SIGKILL')
  await expect.poll(() => runs(pid), { timeout: 20_000 }).toBe(false)
})

/** One that has ended may still be listed until somebody has asked how. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
