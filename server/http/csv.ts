import { stringify } from 'csv-stringify/sync'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

/** An answer that can be had as JSON or as CSV, for the OpenAPI document. */
export const jsonOrCsv = <Schema extends z.ZodType>(schema: Schema) => ({
  content: { 'application/json': { schema }, 'text/csv': { schema: z.string().describe('The rows, with a header line') } },
})

/**
 * Sends the rows as CSV to whoever asks for that and not for JSON; everybody else gets `answer`.
 * Cells that a spreadsheet would run as formulas are defused.
 */
export function sendRows<Row extends object>(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: unknown,
  columns: readonly (keyof Row & string)[],
  rows: Row[],
) {
  reply.header('vary', [reply.getHeader('vary'), 'Accept'].flat().filter(Boolean).join(', '))
  const accept = request.headers.accept ?? ''
  if (!/\btext\/csv\b/i.test(accept) || /\bapplication\/json\b/i.test(accept)) return reply.type('application/json').send(answer)
  return reply.type('text/csv; charset=utf-8').send(stringify(rows, { header: true, columns: [...columns], escape_formulas: true }))
}
