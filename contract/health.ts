import { z } from 'zod'

export const HealthRead = z.object({ status: z.literal('ok'), version: z.string(), migration_head: z.string() }).meta({ id: 'Health' })
export type HealthRead = z.infer<typeof HealthRead>

/** `degraded`: something is down that turns can do without; it is named in `down`. */
export const ReadyRead = z.object({ status: z.enum(['ok', 'degraded']), down: z.array(z.string()).optional() }).meta({ id: 'Ready' })
export type ReadyRead = z.infer<typeof ReadyRead>
