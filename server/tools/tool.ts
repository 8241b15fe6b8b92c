import type { ToolDefinition } from '../domain/tool-definition.ts'

/** What a tool tells the model. `summary` is a line for people; a `message` says what went wrong and what to do instead. */
export type ToolResult = { kind: 'ok'; text: string; summary: string } | { kind: 'error'; message: string }

export interface ToolContext {
  /** Aborts when the turn is stopped or the tool has had its time. */
  signal: AbortSignal
}

/** Something a model may call. `args` are whatever the model wrote as JSON: the tool parses them itself and says what is wrong with them. */
export interface Tool {
  definition: ToolDefinition
  run(args: unknown, context: ToolContext): Promise<ToolResult>
}
