import { type SectionResult, shown } from '../results.ts'
import { firstTokenTimes, inRounds } from '../rounds.ts'
import type { Stage } from '../stage.ts'
import { difference, median, pairwise, percentile, ratio } from '../statistics.ts'

const PACE = { firstMs: 50, betweenMs: 10, tokens: 100, perWrite: 1 }

/** (b) What a token costs when fifty answers stream at once, and how long the last of fifty that come together waits. */
export async function burst(stage: Stage): Promise<SectionResult> {
  const load = { clients: 50, turnsEach: stage.quick ? 2 : 3, staggerMs: 0 }
  const series = await inRounds(stage, stage.quick ? 2 : 5, PACE, load)
  const chunks = load.clients * load.turnsEach * PACE.tokens
  const cpu = series.map(({ rounds }) => rounds.map(({ cpuOwn }) => (cpuOwn * 1e6) / chunks))
  const cpuWithOthers = series.map(({ rounds }) => rounds.map(({ cpuOwn, cpuOthers }) => ((cpuOwn + cpuOthers) * 1e6) / chunks))
  const p99 = series.map(({ rounds }) => rounds.map(round => percentile(firstTokenTimes(round), 0.99)))
  const ratios = cpu.map(rounds => pairwise(rounds, cpu[0]!, ratio))
  const added = p99.map(rounds => pairwise(rounds, p99[0]!, difference))
  return {
    title: 'Fifty streams at once: CPU per token, and the first token in a burst',
    work: `50 streams begin together and go on so, paced as above; ${load.turnsEach} turns of each a round, ${series[0]!.rounds.length} rounds. CPU of the process itself; with its PostgreSQL and Redis in the next column.`,
    columns: ['', 'CPU per token, µs', 'with databases, µs', 'of the bare proxy', 'first token p99, ms', 'added p99, ms'],
    rows: series.map(({ target }, n) => [
      target.name,
      median(cpu[n]!),
      median(cpuWithOthers[n]!),
      n === 0 ? 1 : shown(ratios[n]!),
      median(p99[n]!),
      n === 0 ? '' : shown(added[n]!),
    ]),
    goals: series.flatMap(({ target }, n) =>
      target.isOurs
        ? [
            {
              what: `${target.name}: CPU per token, of the bare proxy`,
              finding: ratios[n]!,
              unit: '×',
              limit: 1.5,
              limitIs: 'most' as const,
            },
            {
              what: `${target.name}: first token in a burst, added, p99`,
              finding: added[n]!,
              unit: 'ms',
              limit: 40,
              limitIs: 'most' as const,
            },
          ]
        : [],
    ),
  }
}
