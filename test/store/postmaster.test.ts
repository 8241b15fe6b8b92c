import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { stopPostmaster } from '../../server/store/embedded/postmaster.ts'
import { startEmbeddedPostgres } from '../../server/store/embedded.ts'
import { isServed, postmasterOf, runProgram, storedNumbers, trialFolder } from './embedded-trial.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** The process of the server that has this title. */
function childOf(postmaster: number, title: string): number {
  const children = readFileSync(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8').trim().split(' ').map(Number)
  return children.find(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`postgres: ${title}`)) ?? 0
}

test('a server that does not follow an orderly shutdown is ended all the same, and nothing committed is lost', async () => {
  const folder = trialFolder()
  const program = runProgram(folder)
  await program.committed(3)
  await program.end('SIGKILL')
  process.kill(childOf(postmasterOf(folder), 'checkpointer'), 'SIGSTOP')
  expect(await stopPostmaster(path.join(folder, 'pg'), 200)).toBe(true)
  expect(isServed(folder)).toBe(false)
  const postgres = await startEmbeddedPostgres(folder, silent)
  expect(await storedNumbers(postgres.config)).toEqual(expect.arrayContaining(await program.committed(3)))
  await postgres.stop()
})
