import { sql } from 'kysely'
import type { MessagePage, MessageRead } from '../../contract/sessions.ts'
import type { ListedTurnRead, TurnPage } from '../../contract/turns.ts'
import type { Database } from './database.ts'

// What was said: the closed turns of a session and their messages.

const turnColumns = [
  'id',
  'session_id',
  'turn_index',
  'mode',
  'user_input',
  'assistant_output',
  'status',
  'model_alias_used',
  'summary_triggered',
  'prune_triggered',
  'overflow_rejected',
  'summary_used_fallback',
  'balance_after',
  'low_balance',
  'credits_burned',
  'created_at',
  'superseded_by_turn_id',
  'limit_reached',
] as const

interface Page {
  limit: number
  offset: number
}

/** By `turn_index`; a running turn is not among them. */
export async function pageOfTurns(database: Database, sessionId: string, page: Page): Promise<TurnPage> {
  const ofSession = database.kysely.selectFrom('turns').where('session_id', '=', sessionId)
  // What comes before the page is passed in the index alone.
  const paged = ofSession.select('turn_index').orderBy('turn_index').limit(page.limit).offset(page.offset)
  const [turns, counted] = await Promise.all([
    ofSession.select(turnColumns).where('turn_index', 'in', paged).orderBy('turn_index').execute(),
    ofSession.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { turns: turns as ListedTurnRead[], total: counted.total }
}

export interface StoredTurn extends ListedTurnRead {
  provider_model: string
  routing: unknown
}

export async function findTurn(database: Database, sessionId: string, turnId: string): Promise<StoredTurn | null> {
  const row = await database.kysely
    .selectFrom('turns')
    .select([...turnColumns, 'provider_model', 'routing'])
    .where('session_id', '=', sessionId)
    .where('id', '=', turnId)
    .executeTakeFirst()
  return (row as StoredTurn | undefined) ?? null
}

/** Oldest first: by turn, then by position in it. */
export async function pageOfMessages(database: Database, sessionId: string, page: Page, includePrivate: boolean): Promise<MessagePage> {
  const all = database.kysely.selectFrom('messages').where('session_id', '=', sessionId)
  const ofSession = includePrivate ? all : all.where('visibility', '=', 'shared')
  // What comes before the page is passed in the index alone.
  const paged = ofSession.select(['turn_index', 'position']).orderBy('turn_index').orderBy('position').limit(page.limit).offset(page.offset)
  const [messages, counted] = await Promise.all([
    all
      .innerJoin(paged.as('paged'), join =>
        join.onRef('paged.turn_index', '=', 'messages.turn_index').onRef('paged.position', '=', 'messages.position'),
      )
      .select(['id', 'role', 'agent_name', 'agent_key', 'visibility', 'content', 'turn_id', 'created_at'])
      .orderBy('messages.turn_index')
      .orderBy('messages.position')
      .execute(),
    ofSession.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow(),
  ])
  return { messages: messages as MessageRead[], total: counted.total }
}
