import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Observer, SeenClose } from '../domain/observation.ts'
import type { EndedCall, TurnSnapshot } from '../domain/turn.ts'

/** What is asked for when somebody looks, rather than counted as it happens. */
export interface Readings {
  version: string
  turnsRunning: () => number
  /** Connections of the database pool. */
  connections: () => { used: number; idle: number; waiting: number }
  /** By the names of what turns can do without. */
  down: () => string[]
  /** What `down` may name. */
  dependencies: string[]
  /** Empty when the database cannot say. */
  jobs: () => Promise<{ queue: string; waiting: number; running: number; failed: number }[]>
}

export interface Metrics {
  observer: Observer
  contentType: string
  /** In the text format of Prometheus. */
  text(): Promise<string>
}

const PROVIDER_FAILURES = new Set<string>(['error', 'timeout', 'rate_limited'])
const FAST = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const SLOW = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600]

/** Counts what it is told of, and reads the rest when it is asked. Amounts are near enough for a curve; the ledger has them exactly. */
export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  readWhenAsked(registry, readings)
  const registers = [registry]
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `pantheon_${name}`, help, labelNames, registers })
  const histogram = <Label extends string>(name: string, help: string, buckets: number[], ...labelNames: Label[]) =>
    new Histogram({ name: `pantheon_${name}`, help, buckets, labelNames, registers })

  const requests = counter('http_requests_total', 'Answered requests', 'method', 'route', 'status')
  const requestSeconds = histogram(
    'http_request_duration_seconds',
    'Time to the end of an answer, streams left out',
    FAST,
    'method',
    'route',
  )
  const skips = counter('rate_limit_skips_total', 'Decisions on rate limits that Redis did not make')
  const purged = counter('purged_turns_total', 'Turns removed for good')
  const lapsed = counter('lapsed_turns_total', 'Turns that their process had left and that were closed here', 'status')
  const jobRuns = counter('job_runs_total', 'Runs of jobs; a failed one may be tried again', 'queue', 'outcome')
  const jobSeconds = histogram('job_duration_seconds', 'Time of one run of a job', SLOW, 'queue')
  const readers = new Gauge({ name: 'pantheon_stream_subscribers', help: 'Readers of turn streams', registers })
  const turns = turnMetrics(counter, histogram)
  const calls = callMetrics(counter, histogram)

  return {
    observer: {
      request({ method, route, status, seconds, streamed }) {
        requests.inc({ method, route, status })
        if (!streamed) requestSeconds.observe({ method, route }, seconds)
      },
      turn(snapshot) {
        const startedAt = performance.now()
        const elapsed = () => (performance.now() - startedAt) / 1_000
        return {
          call: calls.ended,
          closed: close => turns.closed(snapshot, close, elapsed()),
          givenUp: () => turns.givenUp(snapshot),
        }
      },
      reader() {
        readers.inc()
        return () => readers.dec()
      },
      job({ name: queue, failed, seconds }) {
        jobRuns.inc({ queue, outcome: failed ? 'failed' : 'completed' })
        jobSeconds.observe({ queue }, seconds)
      },
      rateLimitSkipped: () => skips.inc(),
      turnsPurged: count => purged.inc(count),
      lapsedTurnClosed: status => lapsed.inc({ status }),
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  }
}

type NewCounter = <Label extends string>(name: string, help: string, ...labels: Label[]) => Counter<Label>
type NewHistogram = <Label extends string>(name: string, help: string, buckets: number[], ...labels: Label[]) => Histogram<Label>

function turnMetrics(counter: NewCounter, histogram: NewHistogram) {
  const ended = counter('turns_total', 'Turns that ended here; `given_up` is closed by another process', 'mode', 'status')
  const seconds = histogram('turn_duration_seconds', 'From the admission of a turn to its close', SLOW, 'mode')
  const closeSeconds = histogram('turn_close_duration_seconds', 'The one commit that ends a turn', FAST)
  const tools = counter('tool_calls_total', 'Tool calls of agents', 'tool', 'status')
  return {
    closed({ mode }: TurnSnapshot, close: SeenClose, elapsed: number) {
      ended.inc({ mode, status: close.outcome.status })
      seconds.observe({ mode }, elapsed)
      closeSeconds.observe(close.closeSeconds)
      // A name that the model made up would be a series of its own.
      for (const { tool, status } of close.outcome.toolCalls) tools.inc({ tool: status === 'refused' ? 'refused' : tool, status })
    },
    givenUp: ({ mode }: TurnSnapshot) => ended.inc({ mode, status: 'given_up' }),
  }
}

function callMetrics(counter: NewCounter, histogram: NewHistogram) {
  const ended = counter('model_calls_total', 'Model calls', 'alias', 'purpose', 'status')
  const failures = counter('provider_errors_total', 'Model calls that failed at their provider', 'provider', 'alias', 'status')
  const seconds = histogram('model_call_duration_seconds', 'Time of a model call', SLOW, 'alias')
  const firstToken = histogram('time_to_first_token_seconds', 'From the sending of a model call to its first token', SLOW, 'alias')
  const tokens = counter('tokens_total', 'Tokens of model calls', 'alias', 'kind')
  const credits = counter('credits_total', 'Credits that users were charged for model calls', 'alias')
  const cost = counter('provider_cost_usd_total', 'What providers charge for model calls', 'alias')
  return {
    ended(call: EndedCall) {
      const { alias, provider } = call.model
      ended.inc({ alias, purpose: call.purpose, status: call.status })
      if (PROVIDER_FAILURES.has(call.status)) failures.inc({ provider, alias, status: call.status })
      if (call.latencyMs !== null) seconds.observe({ alias }, call.latencyMs / 1_000)
      if (call.timeToFirstTokenMs !== null) firstToken.observe({ alias }, call.timeToFirstTokenMs / 1_000)
      tokens.inc({ alias, kind: 'input_fresh' }, call.inputFresh)
      tokens.inc({ alias, kind: 'input_cached' }, call.inputCached)
      tokens.inc({ alias, kind: 'output' }, call.output)
      credits.inc({ alias }, Number(call.amount))
      cost.inc({ alias }, Number(call.costUsd))
    },
  }
}

function readWhenAsked(registry: Registry, readings: Readings): void {
  const registers = [registry]
  new Gauge({ name: 'pantheon_build_info', help: '1, with the version', labelNames: ['version'], registers }).set(
    { version: readings.version },
    1,
  )
  new Gauge({
    name: 'pantheon_turns_running',
    help: 'Turns that run in this process',
    registers,
    collect() {
      this.set(readings.turnsRunning())
    },
  })
  new Gauge({
    name: 'pantheon_database_connections',
    help: 'Connections of the database pool, and requests that wait for one',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(readings.connections())) this.set({ state }, count)
    },
  })
  new Gauge({
    name: 'pantheon_dependency_up',
    help: '0 when something that turns can do without is away',
    labelNames: ['dependency'],
    registers,
    collect() {
      const down = readings.down()
      for (const dependency of readings.dependencies) this.set({ dependency }, down.includes(dependency) ? 0 : 1)
    },
  })
  new Gauge({
    name: 'pantheon_jobs',
    help: 'Jobs of the whole service that wait, run, or were given up',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      this.reset()
      for (const { queue, ...counts } of await readings.jobs())
        for (const [state, count] of Object.entries(counts)) this.set({ queue, state }, count)
    },
  })
}
