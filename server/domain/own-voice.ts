import { speakerLabel, speakerName } from './speaker.ts'

/** Reads one agent's answer as it arrives and ends it where another speaker's part would start. */
export interface OwnVoice {
  /** What of the answer may be shown now; empty once it has ended. */
  push(text: string): string
  /** What was still held when the model stopped. */
  end(): string
  readonly ended: boolean
}

/**
 * An answer ends at a line that starts `Name:` or, as answers are labelled to models, `[Name]:` of one of `otherNames` (turns.md, Modes):
 * exactly so written, in their case, and behind a line break. So the very first line of an answer and a name inside a sentence end nothing, while
 * a line inside a code block does: all of it just as a provider reads the stop sequences below. The line breaks before such a line go with it.
 * Line breaks and what follows them are held only while they may still become such a line. However the text is split, the result is the same.
 * `otherNames` must not hold the agent's own name.
 */
export function createOwnVoice(otherNames: string[]): OwnVoice {
  const openings = openingsOf(otherNames)
  /** Line breaks held back, and what stands behind them so far. Without breaks the reader is inside a line. */
  let breaks = ''
  let line = ''
  let ended = false

  const release = (): string => {
    const own = breaks + line
    breaks = ''
    line = ''
    return own
  }

  /** Reads one character at a line start; answers what is decided to be the agent's own. */
  const read = (character: string): string => {
    if (line === '' && (character === '\n' || character === '\r')) {
      breaks += character
      return ''
    }
    const start = line + character
    if (openings.includes(start)) {
      release()
      ended = true
      return ''
    }
    if (openings.some(opening => opening.startsWith(start))) {
      line = start
      return ''
    }
    const own = release()
    if (character !== '\n') return own + character
    breaks = character
    return own
  }

  return {
    push(text) {
      if (ended) return ''
      if (openings.length === 0 || (breaks === '' && !text.includes('\n'))) return text
      let own = ''
      for (let at = 0; at < text.length && !ended; ) {
        if (breaks !== '') {
          own += read(text[at++]!)
          continue
        }
        const lineEnd = text.indexOf('\n', at)
        if (lineEnd === -1) return own + text.slice(at)
        own += text.slice(at, lineEnd)
        breaks = '\n'
        at = lineEnd + 1
      }
      return own
    },
    end: release,
    get ended() {
      return ended
    },
  }
}

/** The same for providers that take stop sequences, at most `maximum` of them: names first, labels as far as there is room. */
export const stopSequences = (otherNames: string[], maximum = 4): string[] =>
  openingsOf(otherNames)
    .slice(0, maximum)
    .map(opening => `\n${opening}`)

function openingsOf(names: string[]): string[] {
  const unique = [...new Set(names.map(speakerName))]
  return [...unique.map(name => `${name}:`), ...unique.map(speakerLabel)]
}
