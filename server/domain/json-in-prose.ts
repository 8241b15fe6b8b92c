/** Models that think aloud put a draft or two in here; what counts follows. */
const THOUGHTS_END = '</think>'

/** Where an object with a member, or an array of objects or strings, may start. Most braces of prose do not. */
const START = /\{\s*"|\[\s*["{]/g

/** What keeps the search linear and short whatever the text: how many times its length may be read over, and how often parsing is tried. */
const READ_CHARACTERS = 200_000
const READINGS = 8
const ATTEMPTS = 1000

/**
 * The JSON objects and arrays that stand anywhere in a model's answer, in order: bare, in a fence or inside prose. Of nested ones the outermost that
 * is whole, so that an answer that was cut off still yields its parts. Braces that hold no JSON are passed over.
 */
export function* jsonInProse(answer: string): Generator<unknown> {
  const thoughts = answer.lastIndexOf(THOUGHTS_END)
  const text = (thoughts === -1 ? answer : answer.slice(thoughts + THOUGHTS_END.length)).slice(0, READ_CHARACTERS)
  let readable = READINGS * text.length
  let start = nextStart(text, 0)
  for (let attempt = 0; attempt < ATTEMPTS && start !== -1 && readable > 0; attempt++) {
    const end = balancedEnd(text, start)
    readable -= (end ?? text.length) - start
    const value = end === null ? undefined : parsed(text.slice(start, end))
    if (value !== undefined) yield value
    start = nextStart(text, value === undefined || end === null ? start + 1 : end)
  }
}

function nextStart(text: string, from: number): number {
  START.lastIndex = from
  return START.exec(text)?.index ?? -1
}

/** The index behind the bracket that closes the one at `start`, brackets inside strings not counted; null when none does. */
function balancedEnd(text: string, start: number): number | null {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (inString) {
      if (character === '\\') at++
      else if (character === '"') inString = false
    } else if (character === '"') inString = true
    else if (character === '{' || character === '[') depth++
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1
  }
  return null
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
