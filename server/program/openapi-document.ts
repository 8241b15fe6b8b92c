import type { Logger } from 'pino'
import { buildApp } from '../app.ts'
import { type Config, publicUrl } from '../config.ts'
import { DOCUMENT_URL } from '../http/openapi.ts'
import { createRunningTurns } from '../live/running-turns.ts'
import { openDatabase } from '../store/database.ts'
import { appDependencies } from './app-dependencies.ts'
import { openOutbound } from './outbound-access.ts'
import { unwatched } from './watching.ts'

/** The OpenAPI document of this checkout. Routes are described by their schemas alone, so nothing is connected to. */
export async function openapiDocument(config: Config, version: string, log: Logger): Promise<unknown> {
  const database = openDatabase({ config: {}, namedStatements: true, onIdleError: () => {} })
  const changes = { subscribe: () => {}, close: async () => {} }
  const jobs = { start: async () => {}, enqueue: async () => {}, work: async () => {}, schedule: async () => {}, stop: async () => {} }
  const foundation = {
    database,
    jobs,
    changes,
    redis: null,
    outbound: openOutbound(config),
    version,
    log,
    ownerProcess: 'none',
    publicAddress: () => publicUrl(config),
    payments: null,
    runningTurns: createRunningTurns(),
    watching: unwatched,
  }
  const app = await buildApp(appDependencies(config, foundation).app)
  return (await app.inject(DOCUMENT_URL)).json()
}
