import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useFileProcesses } from './file-processes.ts'
import { newRoom, parsed, upload } from './file-program.ts'
import { hostileFiles } from './hostile-files.ts'

const processes = await useFileProcesses()
const server = await processes.startServer()
await processes.startWorker()
const ada = await processes.clientOf(server, 'ada')
const program = { address: server.url }
const room = `/rooms/${await newRoom(ada)}`
await parsed(ada, (await upload(ada, program, room, 'first.pdf', readFixture())).body.id)

/** What the issue asks for on a machine that does nothing else; beside the rest of the suite there is room for less haste. */
const HEALTH_MS = process.env.PANTHEON_LONG ? 200 : 3_000
const END_MS = process.env.PANTHEON_LONG ? 15_000 : 45_000
const GROWTH_MEGABYTES = 32

const megabytesBefore = residentMegabytes()
const slowest: number[] = []

function readFixture(): Buffer {
  return readFileSync(new URL('fixtures/report.pdf', import.meta.url))
}

/** As the system counts it. */
function residentMegabytes(): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
}

/** The slowest answer of /health until `end`, and how large the server became. */
async function watchUntil(end: Promise<unknown>): Promise<{ healthMs: number; megabytes: number }> {
  const seen = { healthMs: 0, megabytes: 0 }
  let ended = false
  void end.finally(() => {
    ended = true
  })
  while (!ended) {
    const started = performance.now()
    expect((await ada.get('//health')).status).toBe(200)
    seen.healthMs = Math.max(seen.healthMs, performance.now() - started)
    seen.megabytes = Math.max(seen.megabytes, residentMegabytes())
    await sleep(20)
  }
  return seen
}

test.each(hostileFiles)(
  '$about is refused or fails, and takes nobody along',
  async ({ name, make }) => {
    const content = make()
    const started = performance.now()
    const outcome = upload(ada, program, room, name, content).then(file => (file.status === 201 ? parsed(ada, file.body.id) : file))
    const seen = await watchUntil(outcome)
    const end = await outcome
    const isRefused = end.parse_status === undefined
    if (isRefused) expect(end).toMatchObject({ status: 422, body: { code: 'unsupported_file' } })
    else expect(end).toMatchObject({ parse_status: 'failed', error_message: expect.stringMatching(/^[A-Z].*\.$/) })
    expect(performance.now() - started).toBeLessThan(END_MS)
    expect(seen.healthMs).toBeLessThan(HEALTH_MS)
    expect(seen.megabytes - megabytesBefore).toBeLessThan(GROWTH_MEGABYTES)
    slowest.push(seen.healthMs)
    const said = isRefused ? `422 ${end.body.detail}` : `failed: ${end.error_message}`
    if (process.env.PANTHEON_LONG)
      console.log(`${name} ${said} health ${Math.round(seen.healthMs)} ms, server +${Math.round(seen.megabytes - megabytesBefore)} MB`)
  },
  90_000,
)

test('after all of them the next good file is parsed', async () => {
  const file = await upload(ada, program, room, 'good.md', '# still here\n')
  expect((await parsed(ada, file.body.id)).text).toBe('# still here\n')
  expect(slowest).toHaveLength(hostileFiles.length)
})
