import type { Database } from './database.ts'

/** No span of `seconds` ever holds more than `quota` admitted attempts. */
export interface AttemptLimit {
  quota: number
  seconds: number
}

export type AttemptDecision = { kind: 'admitted' } | { kind: 'refused'; retryAfterSeconds: number }

/** One statement, so that however many servers ask at once, no more than the quota are admitted. `subject` is a digest in lower-case hex. */
export async function takeAttempt(database: Database, subject: string, { quota, seconds }: AttemptLimit): Promise<AttemptDecision> {
  const admitted = await database.statement('take_attempt', TAKE_ATTEMPT, [subject, quota, seconds])
  if (admitted.length > 0) return { kind: 'admitted' }
  const [refused] = await database.statement<{ wait: number | null }>('attempt_wait', ATTEMPT_WAIT, [subject, quota, seconds])
  return { kind: 'refused', retryAfterSeconds: Math.max(1, refused?.wait ?? 1) }
}

// A row that is there is locked and read anew before its condition is decided (PostgreSQL, Transaction Isolation, 13.2.1).
const TAKE_ATTEMPT = `
insert into attempts as known (subject, tried_at, expires_at)
values ($1, array[clock_timestamp()], clock_timestamp() + make_interval(secs => $3))
on conflict (subject) do update set
  tried_at = array(
    select at from unnest(known.tried_at) as at where at > clock_timestamp() - make_interval(secs => $3) order by at
  ) || clock_timestamp(),
  expires_at = excluded.expires_at
where (select count(*) from unnest(known.tried_at) as at where at > clock_timestamp() - make_interval(secs => $3)) < $2
returning 1`

/** Until the oldest of the newest `quota` leaves, in whole seconds. */
const ATTEMPT_WAIT = `
select ceil(extract(epoch from tried_at[cardinality(tried_at) - $2::int + 1] + make_interval(secs => $3) - clock_timestamp()))::int as wait
from attempts where subject = $1`

/** The newest attempt turned out to be none. */
export async function giveAttemptBack(database: Database, subject: string): Promise<void> {
  await database.statement('give_attempt_back', GIVE_ATTEMPT_BACK, [subject])
}

const GIVE_ATTEMPT_BACK = `update attempts set tried_at = tried_at[:cardinality(tried_at) - 1] where subject = $1`
