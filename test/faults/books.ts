import type { OpenDatabase } from '../../server/store/database.ts'
import { checkLedger } from '../../server/store/ledger-check.ts'
import { rollupDifferences } from '../../server/store/rollup-check.ts'

/** What must hold of all turns and all money once nothing runs any more. Each finds what contradicts it. */
const CONTRADICTIONS: Record<string, string> = {
  'nothing runs': 'select turn_id, owner_process, lease_until from turn_runs',
  'no wallet holds anything': 'select user_id, held, running_turns from credit_wallets where held <> 0 or running_turns <> 0',
  'a call has one event': 'select request_id from llm_call_events group by request_id having count(*) > 1',
  'a call that did not end with an answer costs nothing': `select request_id, status, credits_burned from llm_call_events
    where (charged or credits_burned <> 0) and status not in ('success', 'cancelled')`,
  'the debits of a turn are its charged calls, one for one': `
    with charged as (
      select turn_id, array_agg(amount order by amount) as amounts from (
        select turn_id, round(oe_tokens_computed * greatest(multiplier, 0.5) / 10000, 8) as amount from llm_call_events where charged) as priced
      group by turn_id
    ), debited as (
      select reference_id as turn_id, array_agg(-amount order by -amount) as amounts from credit_transactions where kind = 'debit' group by reference_id
    )
    select coalesce(charged.turn_id::text, debited.turn_id) as turn_id, charged.amounts, debited.amounts as debits
    from charged full join debited on debited.turn_id = charged.turn_id::text where charged.amounts is distinct from debited.amounts`,
  'a turn is written whole': `
    select turns.id from turns where
      not exists (select from messages where messages.turn_id = turns.id and role = 'user')
      or not exists (select from llm_call_events where llm_call_events.turn_id = turns.id)
      or credits_burned <> (select coalesce(sum(llm_call_events.credits_burned), 0) from llm_call_events where llm_call_events.turn_id = turns.id)`,
  'the turns of a session are counted without a gap': `
    select sessions.id, turn_count, array_agg(turn_index order by turn_index) from sessions left join turns on turns.session_id = sessions.id
    group by sessions.id having turn_count <> count(turns.id) or turn_count <> coalesce(max(turn_index), 0)`,
  'what belongs to a turn belongs to one that is there': `
    select turn_id from messages where turn_id not in (select id from turns)
    union select turn_id from llm_call_events where turn_id not in (select id from turns)
    union select reference_id::uuid from credit_transactions where kind = 'debit' and reference_id not in (select id::text from turns)`,
}

/** Every contradiction, with a few of its rows; empty when all is well. */
export async function contradictionsIn(database: OpenDatabase): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const [rule, query] of Object.entries(CONTRADICTIONS)) {
    const { rows } = await database.pool.query(query)
    if (rows.length > 0) found[rule] = [`${rows.length} times`, ...rows.slice(0, 5)]
  }
  const { differences } = await checkLedger(database)
  if (differences.length > 0) found['a balance is the sum of its ledger'] = differences
  const rollups = await rollupDifferences(database, 2)
  if (rollups.length > 0) found['a roll-up is the sum of its calls'] = rollups
  return found
}
