import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { DataFolderInUse, startEmbeddedPostgres } from '../../server/store/embedded.ts'

// What the tests of the embedded PostgreSQL start and kill: a program that commits one row after another and says so once it is committed.

export type Fact = { how: string } | { committed: number } | { failed: string }

const say = (fact: Fact) => process.stdout.write(`${JSON.stringify(fact)}\n`)
const log = { info: () => undefined, warn: () => undefined, error: () => undefined }

const postgres = await startEmbeddedPostgres(process.argv[2] ?? '', log).catch(error => {
  if (error instanceof DataFolderInUse) process.exit(2)
  throw error
})
say({ how: postgres.how })

let stopping = false
process.on('SIGTERM', () => {
  stopping = true
})
// The tests hold the other end: this program does not outlive them.
process.stdin.on('end', () => process.exit(1)).resume()

const pool = new pg.Pool({ ...postgres.config, max: 1 })
pool.on('error', () => undefined)
await pool.query('create table if not exists rows (number integer generated always as identity)')
while (!stopping) {
  await pool
    .query<{ number: number }>('insert into rows default values returning number')
    .then(({ rows }) => say({ committed: rows[0]?.number ?? 0 }))
    .catch(error => say({ failed: String(error) }))
  await sleep(10)
}
await pool.end()
await postgres.stop()
process.exit(0)
