/** What was found of one thing. `off`: nothing is wrong with it, and it is not in use. */
export interface Finding {
  about: string
  state: 'ok' | 'off' | 'failed'
  words: string
}

const MARKS = { ok: 'ok  ', off: 'off ', failed: 'FAIL' } as const

/** For people: a line for each finding, further lines of its words below it. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length))
  const indent = ' '.repeat(MARKS.ok.length + width + 4)
  return findings
    .map(({ about, state, words }) => `${MARKS[state]}  ${about.padEnd(width)}  ${words.replaceAll('\n', `\n${indent}`)}`)
    .join('\n')
}

export const isWell = (findings: readonly Finding[]): boolean => findings.every(({ state }) => state !== 'failed')

/** What `look` says of `about`; whatever it throws is what is wrong. */
export async function examined(about: string, look: () => Promise<Omit<Finding, 'about'>>): Promise<Finding> {
  try {
    return { about, ...(await look()) }
  } catch (error) {
    return { about, state: 'failed', words: wordsOf(error) }
  }
}

/** A name with several addresses fails with one error for each, and with no words of its own. */
function wordsOf(error: unknown): string {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error]
  return errors.map(each => (each instanceof Error ? each.message || each.name : String(each))).join('; ')
}
