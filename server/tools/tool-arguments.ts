import type { z } from 'zod'
import type { ToolResult } from './tool.ts'

export type ToolArguments<Value> = { kind: 'read'; value: Value } | { kind: 'bad'; result: ToolResult }

/** What a model wrote as arguments, or what to tell it about them: a model that hears what was wrong can call again. */
export function readToolArguments<Schema extends z.ZodType>(schema: Schema, args: unknown): ToolArguments<z.infer<Schema>> {
  const parsed = schema.safeParse(args)
  if (parsed.success) return { kind: 'read', value: parsed.data }
  const problems = parsed.error.issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
  return { kind: 'bad', result: { kind: 'error', message: `The arguments do not fit. ${problems.join('; ')}` } }
}
