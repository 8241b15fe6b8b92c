import { queryOptions } from '@tanstack/react-query'
import type { MessageRead } from '../../../contract/sessions.ts'
import type { ListedTurnRead } from '../../../contract/turns.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'

export interface History {
  turns: ListedTurnRead[]
  messages: MessageRead[]
}

const TURNS_PAGE = 200
const MESSAGES_PAGE = 500

const keyOf = (sessionId: string) => ['history', sessionId]

/** All closed turns of a session with what was said in them. What is known already is not asked for again, but for the last turn: it may have been replaced. */
export const history = (sessionId: string) =>
  queryOptions({
    queryKey: keyOf(sessionId),
    queryFn: async (): Promise<History> => {
      const known = queryClient.getQueryData<History>(keyOf(sessionId)) ?? { turns: [], messages: [] }
      const [turns, messages] = await Promise.all([
        rest(known.turns.slice(0, -1), TURNS_PAGE, (limit, offset) => turnsFrom(sessionId, limit, offset)),
        rest(known.messages, MESSAGES_PAGE, (limit, offset) => messagesFrom(sessionId, limit, offset)),
      ])
      return { turns, messages }
    },
  })

interface Page<Item> {
  items: Item[]
  total: number
}

async function turnsFrom(session_id: string, limit: number, offset: number): Promise<Page<ListedTurnRead>> {
  const { turns, total } = await call('GET /sessions/{session_id}/turns', { path: { session_id }, query: { limit, offset } })
  return { items: turns, total }
}

async function messagesFrom(session_id: string, limit: number, offset: number): Promise<Page<MessageRead>> {
  const { messages, total } = await call('GET /sessions/{session_id}/messages', { path: { session_id }, query: { limit, offset } })
  return { items: messages, total }
}

/** The list is oldest first and only grows, so that what comes behind the known part is all that is new. */
async function rest<Item>(known: Item[], limit: number, page: (limit: number, offset: number) => Promise<Page<Item>>): Promise<Item[]> {
  const { items, total } = await page(limit, known.length)
  const first = [...known, ...items]
  const offsets = Array.from({ length: Math.ceil(Math.max(0, total - first.length) / limit) }, (_, at) => first.length + at * limit)
  const others = await Promise.all(offsets.map(offset => page(limit, offset)))
  return [...first, ...others.flatMap(other => other.items)]
}
