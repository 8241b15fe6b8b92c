import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { useFileProcesses } from '../files/file-processes.ts'
import { newRoom, upload } from '../files/file-program.ts'

const KILLS = process.env.PANTHEON_LONG ? 100 : 5

const processes = await useFileProcesses()
const { pool } = processes.database

test(
  `whatever is killed between upload and parse, ${KILLS} times: no file stays pending, and none gets the text of another`,
  async () => {
    let server = await processes.startServer()
    let worker = await processes.startWorker()
    const contents = new Map<string, string>()
    let ada = await processes.clientOf(server, 'ada')
    const roomId = await newRoom(ada)
    for (let number = 0; number < KILLS; number += 1) {
      // A server that dies during the upload may have stored the file, or not: nobody was told of it.
      const content = `the text of file ${number}, ${'and on '.repeat(number)}`
      const answer = upload(ada, { address: server.url }, `/rooms/${roomId}`, `${number}.txt`, content).catch(() => null)
      const duringUpload = number % 3 === 2
      if (!duringUpload) {
        const file = await answer
        expect(file?.status).toBe(201)
        contents.set(file!.body.id, content)
      }
      await sleep((number * 37) % 400)
      if (number % 2 === 0) {
        await worker.end('SIGKILL')
        worker = await processes.startWorker()
      } else {
        await server.end('SIGKILL')
        server = await processes.startServer()
        ada = await processes.clientOf(server, 'ada')
      }
      await answer
    }
    await expect
      .poll(async () => (await pool.query(`select count(*)::int as n from uploaded_files where parse_status = 'pending'`)).rows[0].n, {
        timeout: 120_000,
        interval: 200,
      })
      .toBe(0)
    const { rows } = await pool.query('select id, filename, parse_status, parsed_text from uploaded_files')
    for (const [id] of contents) expect(rows.map(row => row.id)).toContain(id)
    for (const { filename, parse_status, parsed_text } of rows) {
      const number = Number(filename.split('.')[0])
      if (parse_status === 'completed') expect(parsed_text).toBe(`the text of file ${number}, ${'and on '.repeat(number)}`)
    }
    if (process.env.PANTHEON_LONG)
      console.log(rows.length, 'files', Object.groupBy(rows, row => row.parse_status).failed?.length ?? 0, 'failed')
    // Only one that was killed again and again may have been given up.
    expect(rows.filter(row => row.parse_status === 'failed').length).toBeLessThanOrEqual(KILLS / 20)
  },
  timeLimit(),
)

function timeLimit(): number {
  return 180_000 + KILLS * 8_000
}
