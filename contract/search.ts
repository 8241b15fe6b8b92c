import { z } from 'zod'
import { messageRoles } from './sessions.ts'
import { pageQuery, plainText, Time } from './values.ts'

/** `q`: words that must all occur, "a phrase in quotes", `or`, and `-word` for one that must not. */
export const SearchQuery = pageQuery(20, 100).extend({ q: plainText.trim().min(1).max(500) })
export type SearchQuery = z.infer<typeof SearchQuery>

export const FoundMessageRead = z
  .object({
    id: z.uuid(),
    session_id: z.uuid(),
    session_title: z.string().nullable(),
    room_id: z.uuid().nullable(),
    agent_id: z.uuid().nullable().meta({ description: 'Of a standalone session' }),
    turn_id: z.uuid(),
    role: z.enum(messageRoles),
    agent_key: z.string().nullable(),
    agent_name: z.string().nullable(),
    snippet: z.string().meta({ description: 'The part of the message that fits best' }),
    created_at: Time,
  })
  .meta({ id: 'FoundMessage' })
export type FoundMessageRead = z.infer<typeof FoundMessageRead>

export const FoundMessagePage = z.object({ messages: z.array(FoundMessageRead), total: z.int() }).meta({ id: 'FoundMessagePage' })
export type FoundMessagePage = z.infer<typeof FoundMessagePage>
