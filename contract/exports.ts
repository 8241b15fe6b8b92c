import { z } from 'zod'

/** What a line of one's own export can be about; every line is one JSON object with its `type`. */
export const exportLineTypes = [
  'user',
  'agent',
  'room',
  'room_agent',
  'session',
  'turn',
  'message',
  'summary',
  'file',
  'file_content',
  'usage_event',
  'tool_call',
  'transaction',
  'top_up',
  'api_key',
  'end',
] as const
export type ExportLineType = (typeof exportLineTypes)[number]

export const ExportLine = z.looseObject({ type: z.enum(exportLineTypes) }).meta({
  id: 'ExportLine',
  description: 'A row of one’s own with its `type`; `file_content` is a part of a file’s bytes in Base64; the last line is `end`',
})

export const exportFormats = ['markdown', 'json'] as const
export const SessionExportQuery = z.strictObject({ format: z.enum(exportFormats).optional() })
