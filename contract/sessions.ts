import { z } from 'zod'
import { requiredText, Time } from './values.ts'

export const SessionCreate = z.strictObject({ title: requiredText(200).optional() }).meta({ id: 'SessionCreate' })
export type SessionCreate = z.infer<typeof SessionCreate>

export const SessionUpdate = z.strictObject({ title: requiredText(200) }).meta({ id: 'SessionUpdate' })
export type SessionUpdate = z.infer<typeof SessionUpdate>

export const SessionRead = z
  .object({
    id: z.uuid(),
    room_id: z.uuid().nullable(),
    agent_id: z.uuid().nullable(),
    title: z.string().nullable(),
    running_turn_id: z.uuid().nullable(),
    started_by_user_id: z.string(),
    created_at: Time,
    deleted_at: Time.nullable(),
  })
  .meta({ id: 'Session' })
export type SessionRead = z.infer<typeof SessionRead>

export const SessionList = z.array(SessionRead)

export const messageRoles = ['user', 'assistant', 'tool'] as const
export const messageVisibilities = ['shared', 'private'] as const

export const MessageRead = z
  .object({
    id: z.uuid(),
    role: z.enum(messageRoles),
    agent_name: z.string().nullable(),
    agent_key: z.string().nullable(),
    visibility: z.enum(messageVisibilities),
    content: z.string(),
    turn_id: z.uuid(),
    created_at: Time,
  })
  .meta({ id: 'Message' })
export type MessageRead = z.infer<typeof MessageRead>

export const MessagePage = z.object({ messages: z.array(MessageRead), total: z.int() }).meta({ id: 'MessagePage' })
export type MessagePage = z.infer<typeof MessagePage>
