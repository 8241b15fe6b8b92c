import type { Config } from '../config.ts'
import { listenHost } from '../config.ts'
import { type Observer, observeBy } from '../domain/observation.ts'
import type { MetricsRoute } from '../http/metrics.ts'
import type { MetricsDoor } from '../http/metrics-door.ts'
import type { OpenDatabase } from '../store/database.ts'
import type { JobCount } from '../store/job-counts.ts'
import { countJobs } from '../store/job-counts.ts'
import type { FaultReports } from '../telemetry/fault-reports.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Traces } from '../telemetry/traces.ts'

/** Who watches this process, as the configuration says. What is off is not even loaded. */
export interface Watching {
  observer: Observer
  /** For the server's own port; null where metrics have another, or are off. */
  metricsRoute: MetricsRoute | null
  /** What of it is on, in words; empty for none. */
  about: string
  close(): Promise<void>
}

export interface Watched {
  database: OpenDatabase
  version: string
  /** What turns can do without, and whether it is there. */
  isRedisUp: (() => boolean) | null
  turnsRunning: () => number
  log: { warn(fields: object, message: string): void }
}

export async function openWatching(config: Config, watched: Watched, reports: FaultReports | null): Promise<Watching> {
  await using opened = new AsyncDisposableStack()
  const metrics = config.METRICS_PORT === undefined && config.METRICS_TOKEN === undefined ? null : await loadMetrics(watched)
  const door = metrics && (await openDoor(config, metrics))
  if (door) opened.defer(() => door.close())
  const traces =
    config.OTEL_EXPORTER_OTLP_ENDPOINT === undefined ? null : await loadTraces(config.OTEL_EXPORTER_OTLP_ENDPOINT, config, watched)
  if (traces) opened.defer(() => traces.close())
  const open = opened.move()
  return {
    observer: observeBy([metrics, traces, reports].filter(one => one !== null).map(({ observer }) => observer)),
    metricsRoute: metrics && !door && config.METRICS_TOKEN ? { metrics, token: config.METRICS_TOKEN } : null,
    about: [
      door && `metrics on port ${door.port}`,
      metrics && !door && 'metrics behind METRICS_TOKEN',
      // Its address may hold a password, or a key in its path.
      traces && config.OTEL_EXPORTER_OTLP_ENDPOINT && `traces to ${new URL(config.OTEL_EXPORTER_OTLP_ENDPOINT).host}`,
      reports && 'faults by Sentry',
    ]
      .filter(Boolean)
      .join(', '),
    close: () => open.disposeAsync(),
  }
}

/** Nobody watches. */
export const unwatched: Watching = { observer: observeBy([]), metricsRoute: null, about: '', close: async () => {} }

async function loadMetrics({ database, version, isRedisUp, turnsRunning }: Watched): Promise<Metrics> {
  const { createMetrics } = await import('../telemetry/metrics.ts')
  const { pool } = database
  return createMetrics({
    version,
    turnsRunning,
    connections: () => ({ used: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    dependencies: isRedisUp ? ['redis'] : [],
    down: () => (isRedisUp?.() === false ? ['redis'] : []),
    // A database that is away must not hide what else there is to see.
    jobs: () => countJobs(database).catch((): JobCount[] => []),
  })
}

async function loadTraces(endpoint: string, config: Config, { version, log }: Watched): Promise<Traces> {
  const { openTraces } = await import('../telemetry/traces.ts')
  return openTraces({ endpoint, headers: config.OTEL_EXPORTER_OTLP_HEADERS ?? {}, version, log })
}

async function openDoor(config: Config, metrics: Metrics): Promise<MetricsDoor | null> {
  if (config.METRICS_PORT === undefined) return null
  const { openMetricsDoor } = await import('../http/metrics-door.ts')
  const at = { host: listenHost(config), port: config.METRICS_PORT }
  return await openMetricsDoor(metrics, at, config.METRICS_TOKEN ?? null).catch(cause => {
    throw new Error(`METRICS_PORT: port ${at.port} on ${at.host} cannot be used: ${cause.message}`, { cause })
  })
}
