import { z } from 'zod'
import { Time } from './values.ts'

/** What can be uploaded, by the ending of its name. */
export const fileKinds = ['txt', 'md', 'csv', 'pdf', 'docx', 'xlsx'] as const
export type FileKind = (typeof fileKinds)[number]

export const parseStatuses = ['pending', 'completed', 'failed'] as const

export const FileRead = z
  .object({
    id: z.uuid(),
    user_id: z.string(),
    room_id: z.uuid().nullable(),
    session_id: z.uuid().nullable(),
    filename: z.string(),
    content_type: z.string(),
    file_size: z.int().meta({ description: 'Bytes' }),
    parse_status: z.enum(parseStatuses),
    error_message: z.string().nullable().meta({ description: 'Why parsing failed' }),
    created_at: Time,
  })
  .meta({ id: 'File' })
export type FileRead = z.infer<typeof FileRead>

export const FileList = z.array(FileRead)

/** Most characters of a parsed text in one answer. */
export const TEXT_PORTION_MAXIMUM = 1_000_000

export const FileTextQuery = z.strictObject({
  offset: z.coerce.number<string>().int().min(0).max(1_000_000_000).default(0),
  limit: z.coerce.number<string>().int().min(1).max(TEXT_PORTION_MAXIMUM).default(TEXT_PORTION_MAXIMUM),
})
export type FileTextQuery = z.infer<typeof FileTextQuery>

export const FileTextRead = z
  .object({
    id: z.uuid(),
    filename: z.string(),
    parse_status: z.enum(parseStatuses),
    error_message: z.string().nullable(),
    text: z.string().nullable().meta({ description: 'From `offset` on; null unless parsing is completed' }),
    offset: z.int().meta({ description: 'In characters (code points)' }),
    total_characters: z.int().nullable(),
    next_offset: z.int().nullable().meta({ description: 'Where to go on; null at the end' }),
  })
  .meta({ id: 'FileText' })
export type FileTextRead = z.infer<typeof FileTextRead>
