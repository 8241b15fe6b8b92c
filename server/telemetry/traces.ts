import { DiagLogLevel, diag } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import type { Observer } from '../domain/observation.ts'
import { observeTurn } from './turn-spans.ts'

export interface TracesOptions {
  /** Without `/v1/traces`. */
  endpoint: string
  headers: Record<string, string>
  version: string
  log: { warn(fields: object, message: string): void }
}

export interface Traces {
  observer: Pick<Observer, 'turn'>
  /** Sends what is not sent yet, for a moment. */
  close(): Promise<void>
}

const PARTING_MS = 3_000

export function openTraces({ endpoint, headers, version, log }: TracesOptions): Traces {
  diag.setLogger(
    quietly(message => log.warn({ source: 'traces' }, message)),
    { logLevel: DiagLogLevel.ERROR, suppressOverrideMessage: true },
  )
  const ids = namedTraceIds()
  const provider = new TracerProvider({
    idGenerator: ids,
    resource: resourceFromAttributes({ 'service.name': 'pantheon', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, headers }) })],
  })
  const tracer = provider.getTracer('pantheon', version)
  return {
    observer: { turn: snapshot => observeTurn(tracer, ids, snapshot) },
    async close() {
      const patience = new Promise(resolve => setTimeout(resolve, PARTING_MS).unref())
      await Promise.race([provider.shutdown().catch(() => {}), patience])
      diag.disable()
    },
  }
}

/** Trace ids come from the requests; a root span takes the one that was named last. */
function namedTraceIds() {
  const random = new RandomIdGenerator()
  let named: string | null = null
  return {
    name(traceId: string) {
      named = traceId
    },
    generateTraceId() {
      const traceId = named ?? random.generateTraceId()
      named = null
      return traceId
    },
    generateSpanId: () => random.generateSpanId(),
  }
}

const quietly = (tell: (message: string) => void) => ({ error: tell, warn() {}, info() {}, debug() {}, verbose() {} })
