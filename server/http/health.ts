import type { FastifyInstance } from 'fastify'
import { HealthRead, ReadyRead } from '../../contract/health.ts'
import { Refusal } from '../domain/refusal.ts'
import { problemsOf, typed } from './api.ts'

export interface HealthDependencies {
  version: string
  migrationHead: string
  /** The newest migration that the database has; rejects when the database is away. */
  appliedMigrationHead: () => Promise<string | null>
  /** What is configured and away that turns can do without. */
  down: () => string[]
}

const RETRY_SECONDS = 5
/** A probe that waits for longer learns nothing more. */
const READY_WITHIN_MS = 3_000

export function healthRoutes(scope: FastifyInstance, deps: HealthDependencies): void {
  const app = typed(scope)
  const tags = ['Health']

  app.get(
    '/health',
    { schema: { summary: 'Is the process up? Touches nothing else', tags, security: [], response: { 200: HealthRead } } },
    async () => ({
      status: 'ok' as const,
      version: deps.version,
      migration_head: deps.migrationHead,
    }),
  )
  app.get(
    '/ready',
    { schema: { summary: 'Can it do its work?', tags, security: [], response: { 200: ReadyRead, ...problemsOf(['unavailable']) } } },
    async () => {
      const applied = await within(READY_WITHIN_MS, deps.appliedMigrationHead())
      // A newer database is fine: migrations never break the release before them.
      if (applied === null || applied < deps.migrationHead)
        throw new Refusal(
          'unavailable',
          `The database is at migration ${applied ?? 'none'}; run "pantheon migrate" to bring it to ${deps.migrationHead}.`,
          { retry_after_seconds: RETRY_SECONDS },
        )
      const down = deps.down()
      return down.length === 0 ? { status: 'ok' as const } : { status: 'degraded' as const, down }
    },
  )
}

/** A database that takes connections and says nothing is away, too. */
async function within<Value>(milliseconds: number, work: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const silence = new Refusal('unavailable', 'The database does not answer.', { retry_after_seconds: RETRY_SECONDS })
  const timer = setTimeout(() => reject(silence), milliseconds)
  return await Promise.race([work, late]).finally(() => clearTimeout(timer))
}
