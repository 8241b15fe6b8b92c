/** What a model may write as the arguments of one call: more is no arguments but an attack, or a mistake. */
const CHARACTERS_MAXIMUM = 64 * 1024
const NESTING_MAXIMUM = 64

export type ToolCallArguments = { readable: true; value: unknown } | { readable: false; value: string }

/** The arguments that a model wrote as JSON text; nothing at all counts as `{}`. What cannot be read is kept as text, in brief. */
export function readToolCallArguments(text: string): ToolCallArguments {
  const unreadable = { readable: false, value: text.slice(0, 200).toWellFormed() } as const
  if (text.length > CHARACTERS_MAXIMUM || nesting(text) > NESTING_MAXIMUM) return unreadable
  try {
    return { readable: true, value: text.trim() === '' ? {} : JSON.parse(text) }
  } catch {
    return unreadable
  }
}

/** How deep brackets go, those inside strings not counted. */
function nesting(json: string): number {
  let depth = 0
  let deepest = 0
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|[[{]|[\]}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth)
    else if (token === ']' || token === '}') depth--
  }
  return deepest
}
