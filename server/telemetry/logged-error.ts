import { stdSerializers } from 'pino'
import { isOfDatabase } from './database-error.ts'
import { scrubbedText } from './scrubbed-text.ts'

/** An error as the log has it. What PostgreSQL quotes may be what somebody wrote, so of its words only its own are told, its causes' included. */
export function loggedError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const told = stdSerializers.err(error)
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!isOfDatabase(cause)) continue
    const [said, scrubbed] = [cause.message, scrubbedText(cause.message)]
    told.message = told.message.replaceAll(said, scrubbed)
    told.stack = told.stack.replaceAll(said, scrubbed)
  }
  return told
}
