import { cleanText } from './answer-text.ts'
import type { ToolCall } from './model.ts'
import { isRecord } from './wire-value.ts'

/** Puts the tool calls of one answer together from the fragments that a stream tells them in. */
export interface ToolCallAssembly {
  /** The `tool_calls` member of one delta or message; says whether it told anything. */
  add(fragments: unknown): boolean
  /** In the order in which they began; calls without a name are left out. */
  calls(): ToolCall[]
}

/** `fallbackId` makes an id for a call that the provider gave none. */
export function createToolCallAssembly(fallbackId: (position: number) => string): ToolCallAssembly {
  const calls: ToolCall[] = []
  const byIndex = new Map<number, ToolCall>()

  function callOf(index: number, id: string, name: string): ToolCall {
    const known = byIndex.get(index)
    // Ollama and Gemini tell parallel calls under one index: another id with a name of its own begins another call.
    const another = known !== undefined && id !== '' && name !== '' && known.id !== '' && known.id !== id
    if (known && !another) return known
    const call = { id, name: '', arguments: '' }
    calls.push(call)
    byIndex.set(index, call)
    return call
  }

  function addFragment(fragment: Record<string, unknown>, position: number): void {
    const told = isRecord(fragment.function) ? fragment.function : {}
    const id = textOf(fragment.id)
    const name = textOf(told.name)
    const call = callOf(typeof fragment.index === 'number' ? fragment.index : position, id, name)
    // Set once, never joined: vLLM and others repeat id and name in every fragment.
    if (call.id === '') call.id = id
    if (call.name === '') call.name = name
    call.arguments += textOf(told.arguments)
  }

  return {
    add(fragments) {
      if (!Array.isArray(fragments)) return false
      const told = fragments.filter(isRecord)
      told.forEach(addFragment)
      return told.length > 0
    },
    calls: () =>
      calls
        .filter(call => call.name !== '')
        .map((call, position) => ({
          id: cleanText(call.id) || fallbackId(position),
          name: cleanText(call.name),
          arguments: cleanText(call.arguments),
        })),
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
