import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, vi } from 'vitest'
import { type TestDatabase, useTestDatabase } from '../database.ts'
import { type PantheonProcess, type Surroundings, startPantheon } from '../program/pantheon-process.ts'
import { type Client, createClient, JWT_SECRET, tokenFor } from '../program.ts'

export interface FileProcesses {
  database: TestDatabase
  surroundings: Surroundings
  startServer(): Promise<PantheonProcess & { url: string }>
  startWorker(): Promise<PantheonProcess>
  clientOf(server: { url: string }, name: string): Promise<Client>
}

/** Server and worker as processes of their own on one database and one folder of files; gone after the file's last test. */
export async function useFileProcesses(): Promise<FileProcesses> {
  const database = await useTestDatabase()
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-files-'))
  const children = new Set<() => void>()
  afterAll(() => {
    for (const end of children) end()
    rmSync(folder, { recursive: true, force: true })
  })
  const surroundings: Surroundings = {
    folder,
    environment: { NODE_ENV: 'test', HOST: '127.0.0.1', DATABASE_URL: database.url, SUPABASE_JWT_SECRET: JWT_SECRET },
    atEnd: end => void children.add(end),
  }
  return {
    database,
    surroundings,
    async startServer() {
      const server = startPantheon(surroundings, 'serve')
      return { ...server, url: (await server.address()).split(',')[0]! }
    },
    async startWorker() {
      const worker = startPantheon(surroundings, 'worker')
      await vi.waitUntil(() => worker.stdout().includes('worker'), { timeout: 60_000, interval: 20 })
      return worker
    },
    async clientOf({ url }, name) {
      return createClient(url, `${name}-id`, await tokenFor(`${name}-id`, `${name}@example.com`))
    },
  }
}
