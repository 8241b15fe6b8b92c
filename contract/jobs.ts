import { z } from 'zod'
import { Time } from './values.ts'

/** A job that was tried again until it was given up. */
export const FailedJobRead = z
  .object({
    id: z.uuid(),
    name: z.string(),
    data: z.unknown(),
    attempts: z.int(),
    message: z.string().nullable(),
    created_at: Time,
    failed_at: Time.nullable(),
  })
  .meta({ id: 'FailedJob' })
export type FailedJobRead = z.infer<typeof FailedJobRead>

export const FailedJobPage = z.object({ jobs: z.array(FailedJobRead), total: z.int() }).meta({ id: 'FailedJobPage' })
export type FailedJobPage = z.infer<typeof FailedJobPage>
