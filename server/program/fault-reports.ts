import type { LoggerOptions } from 'pino'
import type { Config } from '../config.ts'
import type { FaultReports } from '../telemetry/fault-reports.ts'

/** Null where nobody wants them; what sends them is not even loaded then. */
export async function openFaultReports(config: Config, version: string): Promise<FaultReports | null> {
  if (config.SENTRY_DSN === undefined) return null
  const { openFaultReports: open } = await import('../telemetry/fault-reports.ts')
  return open({
    dsn: config.SENTRY_DSN,
    tracesSampleRate: config.SENTRY_TRACES_SAMPLE_RATE,
    version,
    environment: config.NODE_ENV,
  })
}

const ERROR = 50

/** Every fault is logged with its error, in one way; so whoever reports faults only has to listen to the log. */
export const reportingHooks = ({ report }: FaultReports): NonNullable<LoggerOptions['hooks']> => ({
  logMethod(args, method, level) {
    const [fields, message = ''] = args as [unknown, string?]
    if (level >= ERROR && isFault(fields)) report(fields.err, { ...this.bindings(), ...fields }, message)
    method.apply(this, args)
  },
})

const isFault = (fields: unknown): fields is { err: Error } =>
  typeof fields === 'object' && fields !== null && 'err' in fields && fields.err instanceof Error
