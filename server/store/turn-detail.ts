import type { CallRead } from '../../contract/calls.ts'
import type { ContextAuditRead, ToolCallRead } from '../../contract/turns.ts'
import type { JournalEntry } from '../domain/turn.ts'
import type { Database } from './database.ts'

// What lies behind a turn: its calls, its tool calls, how its contexts were fitted.

/** In the order the calls ended, each with what the provider charged. */
export async function callsOfTurn(database: Database, turnId: string): Promise<CallRead[]> {
  const rows = await database.kysely
    .selectFrom('llm_call_events')
    .select([
      'purpose',
      'agent_key',
      'round',
      'model_alias',
      'provider_model',
      'input_tokens_fresh',
      'input_tokens_cached',
      'output_tokens',
      'credits_burned',
      'latency_ms',
      'time_to_first_token_ms',
      'status',
      'provider_cost_usd',
    ])
    .where('turn_id', '=', turnId)
    .orderBy('id')
    .execute()
  return rows as CallRead[]
}

export async function toolCallsOfTurn(database: Database, turnId: string): Promise<ToolCallRead[]> {
  return await database.kysely
    .selectFrom('tool_call_events')
    .select(['agent_key', 'step', 'tool', 'input', 'status', 'latency_ms', 'credits_charged'])
    .where('turn_id', '=', turnId)
    .orderBy('id')
    .execute()
}

export async function auditsOfTurn(database: Database, turnId: string): Promise<ContextAuditRead[]> {
  return await database.kysely
    .selectFrom('turn_context_audit')
    .select([
      'agent_key',
      'model_alias',
      'context_window',
      'input_budget',
      'output_reserve',
      'overhead_reserve',
      'estimated_tokens_before',
      'estimated_tokens_after_summary',
      'estimated_tokens_after_prune',
      'summary_triggered',
      'prune_triggered',
      'overflow_rejected',
    ])
    .where('turn_id', '=', turnId)
    .orderBy('id')
    .execute()
}

/** A turn that has no close yet, as its row tells it. */
export interface RunningTurnRow {
  turn_id: string
  turn_index: number
  mode: string
  message: string
  started_at: string
  journal: Record<string, JournalEntry>
}

export async function findRunningTurn(database: Database, sessionId: string, turnId: string): Promise<RunningTurnRow | null> {
  const row = await database.kysely
    .selectFrom('turn_runs')
    .select(['turn_id', 'turn_index', 'mode', 'request', 'started_at', 'journal'])
    .where('session_id', '=', sessionId)
    .where('turn_id', '=', turnId)
    .executeTakeFirst()
  if (!row) return null
  const { request, journal, ...rest } = row
  return { ...rest, message: (request as { message: string }).message, journal: journal as RunningTurnRow['journal'] }
}

/** The same question without its journal, which grows with every call. */
export async function turnIsRunning(database: Database, sessionId: string, turnId: string): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('turn_runs')
    .select('turn_id')
    .where('session_id', '=', sessionId)
    .where('turn_id', '=', turnId)
    .executeTakeFirst()
  return row !== undefined
}
