import { readdirSync, readlinkSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createClient } from 'redis'
import type { OpenDatabase } from '../../server/store/database.ts'
import type { ChildProgram } from '../child-program.ts'
import { eventually } from '../redis.ts'

/** What a program of a test needs so that its heap can be asked for. */
export const REPORTING = { NODE_OPTIONS: `--import=${pathToFileURL(path.join(import.meta.dirname, 'heap-report.mjs')).href}` }

export interface Resources {
  /** In bytes, after garbage collection. */
  heap: number
  handles: number
  sockets: number
  databaseConnections: number
  /** Keys in Redis that would stay there for ever. */
  lastingKeys: string[]
}

export async function resourcesOf(server: ChildProgram, database: OpenDatabase, redisUrl: string | null): Promise<Resources> {
  const handles = handlesOf(server.child.pid!)
  return {
    heap: await heapOf(server),
    handles: handles.length,
    sockets: handles.filter(target => target.startsWith('socket:')).length,
    databaseConnections: await connectionsTo(database),
    lastingKeys: redisUrl === null ? [] : await lastingKeys(redisUrl),
  }
}

async function heapOf({ child, logged }: ChildProgram): Promise<number> {
  const from = logged.length
  const report = () => logged.slice(from).find(line => line.startsWith('{"heapUsed"'))
  child.kill('SIGUSR2')
  await eventually(() => report() !== undefined)
  return JSON.parse(report()!).heapUsed
}

function handlesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`
  return readdirSync(folder).flatMap(name => {
    try {
      return [readlinkSync(path.join(folder, name))]
    } catch {
      // Closed since it was listed.
      return []
    }
  })
}

async function connectionsTo({ pool }: OpenDatabase): Promise<number> {
  const { rows } = await pool.query(
    "select count(*)::int as n from pg_stat_activity where datname = current_database() and application_name like 'pantheon%'",
  )
  return rows[0].n
}

async function lastingKeys(url: string): Promise<string[]> {
  const client = createClient({ url })
  await client.connect()
  try {
    const keys = await client.keys('*')
    const lives = await Promise.all(keys.map(key => client.ttl(key)))
    return keys.filter((_, index) => lives[index] === -1)
  } finally {
    client.destroy()
  }
}
