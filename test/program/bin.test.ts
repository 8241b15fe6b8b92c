import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { trialFolder } from '../store/embedded-trial.ts'
import { runPantheon } from './pantheon-process.ts'

const repository = path.join(import.meta.dirname, '../..')
const bin = path.join(repository, 'bin/pantheon.mjs')
const { version } = JSON.parse(readFileSync(path.join(repository, 'package.json'), 'utf8'))
const SYSTEM_NODE = '/usr/bin/node'
const majorOf = (node: string) => Number(execFileSync(node, ['--version'], { encoding: 'utf8' }).slice(1).split('.')[0])

test('the command of the package runs the program', async () => {
  expect(statSync(bin).mode & 0o111, 'it can be executed').not.toBe(0)
  const command: [string, string] = [process.execPath, bin]
  expect(await runPantheon({ folder: trialFolder(), command }, ['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  expect((await runPantheon({ folder: trialFolder(), command }, ['nonsense'])).code).toBe(2)
})

test('under an older Node the command says what to do', async context => {
  const old = existsSync(SYSTEM_NODE) && majorOf(SYSTEM_NODE) < 24
  if (!old) context.skip(`${SYSTEM_NODE} is no Node before 24 here`)
  const { code, stdout, stderr } = await runPantheon({ folder: trialFolder(), command: [SYSTEM_NODE, bin] }, [])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(/^Pantheon needs Node 24 or later; this is \d+\.\d+\.\d+\. .*"npm ci".*\n$/)
})
