import * as Sentry from '@sentry/node'
import type { Observer } from '../domain/observation.ts'
import { databaseWords, isOfDatabase } from './database-error.ts'
import { scrubbedText } from './scrubbed-text.ts'
import { traceIdOf } from './trace-id.ts'

export interface FaultReportsOptions {
  dsn: string
  /** Of the requests whose times are told, from 0 to 1. */
  tracesSampleRate: number
  version: string
  environment: string
}

export interface FaultReports {
  observer: Pick<Observer, 'request'>
  /** A fault, as it is logged. */
  report(error: Error, fields: Record<string, unknown>, message: string): void
  /** Sends what is not sent yet, for a moment. */
  close(): Promise<void>
}

const PARTING_MS = 2_000

/** To Sentry. Nothing collects anything by itself: no request, no body, no variable, no line of the log. */
export function openFaultReports({ dsn, tracesSampleRate, version, environment }: FaultReportsOptions): FaultReports {
  Sentry.init({
    dsn,
    tracesSampleRate,
    environment,
    release: `pantheon@${version}`,
    defaultIntegrations: false,
    integrations: [
      Sentry.dedupeIntegration(),
      Sentry.linkedErrorsIntegration(),
      // The program ends by what nobody caught, as it would without these.
      Sentry.onUncaughtExceptionIntegration(),
      Sentry.onUnhandledRejectionIntegration({ mode: 'strict' }),
    ],
    maxBreadcrumbs: 0,
    sendClientReports: false,
    beforeSend: (event, hint) => scrubbedEvent(event, hint.originalException),
  })
  return {
    observer: {
      request({ method, route, status, seconds, traceId }) {
        const endedAt = Date.now() / 1_000
        const attributes = {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': status,
          'pantheon.trace_id': traceId,
        }
        Sentry.withScope(scope => {
          // By default all that a process does is one trace.
          scope.setPropagationContext({ traceId: traceIdOf(traceId), sampleRand: Math.random() })
          const startTime = endedAt - seconds
          Sentry.startInactiveSpan({ name: `${method} ${route}`, op: 'http.server', startTime, forceTransaction: true, attributes }).end(
            endedAt,
          )
        })
      },
    },
    report(error, fields, message) {
      Sentry.captureException(error, { tags: { ...tagsOf(fields), logged_as: message }, ...userOf(fields) })
    },
    close: async () => void (await Sentry.close(PARTING_MS)),
  }
}

const TAGS = ['trace_id', 'turn_id', 'route', 'source'] as const

const tagsOf = (fields: Record<string, unknown>) =>
  Object.fromEntries(TAGS.flatMap(name => (typeof fields[name] === 'string' ? [[name, fields[name]]] : [])))

const userOf = ({ user_id }: Record<string, unknown>) => (typeof user_id === 'string' ? { user: { id: user_id } } : {})

/** Only what is named here leaves the program. */
function scrubbedEvent(event: Sentry.ErrorEvent, original: unknown): Sentry.ErrorEvent {
  const { type, event_id, timestamp, level, platform, release, environment, tags, sdk, exception } = event
  const values = exception?.values?.map(({ type: name, value, mechanism, stacktrace }) => ({
    type: name,
    value: scrubbedText(value ?? ''),
    mechanism,
    stacktrace: { frames: stacktrace?.frames?.map(frameOf) },
  }))
  const last = values?.at(-1)
  if (last && isOfDatabase(original)) last.value = databaseWords(original)
  const user = event.user?.id === undefined ? {} : { user: { id: event.user.id } }
  const told = { type, event_id, timestamp, level, platform, release, environment, tags, sdk, ...user, exception: { values } }
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) as unknown as Sentry.ErrorEvent
}

const frameOf = ({ filename, function: name, module, lineno, colno, in_app }: Sentry.StackFrame) => ({
  filename,
  function: name,
  module,
  lineno,
  colno,
  in_app,
})
