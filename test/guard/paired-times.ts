export interface PairedTimes {
  medianKnown: number
  medianUnknown: number
  /** The median of what an unknown address took longer than the known one beside it, as a part of the known one's time. */
  difference: number
}

/**
 * Times the same request for a known and an unknown address, one right after the other and in turns first, in milliseconds. What slows the
 * machine down for a while slows both of a pair, so that it is not taken for a difference.
 */
export async function pairedTimes(pairs: number, ask: (kind: 'known' | 'unknown', pair: number) => Promise<void>): Promise<PairedTimes> {
  const times = { known: [] as number[], unknown: [] as number[] }
  for (let pair = 0; pair < pairs; pair += 1) {
    for (const kind of pair % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const)) {
      const started = performance.now()
      await ask(kind, pair)
      times[kind].push(performance.now() - started)
    }
  }
  const medianKnown = median(times.known)
  return {
    medianKnown,
    medianUnknown: median(times.unknown),
    difference: median(times.unknown.map((time, pair) => time - times.known[pair]!)) / medianKnown,
  }
}

const median = (values: number[]) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!
