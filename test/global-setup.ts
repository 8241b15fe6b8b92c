import type { TestProject } from 'vitest/node'
import { startTestPostgres, type TestServer } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: TestServer
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startTestPostgres()
  project.provide('postgres', postgres.server)
  return postgres.stop
}
