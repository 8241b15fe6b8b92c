import { type SectionResult, shown } from '../results.ts'
import { firstTokenTimes, inRounds } from '../rounds.ts'
import type { Stage } from '../stage.ts'
import { difference, finding, pairwise, percentile } from '../statistics.ts'

const PACE = { firstMs: 50, betweenMs: 10, tokens: 100, perWrite: 1 }

/** (a) What stands between a client and the first token when nobody is in a hurry. */
export async function light(stage: Stage): Promise<SectionResult> {
  const load = { clients: 4, turnsEach: stage.quick ? 3 : 6, staggerMs: 37 }
  const series = await inRounds(stage, stage.quick ? 2 : 5, PACE, load)
  const at = (share: number) => series.map(({ rounds }) => rounds.map(round => percentile(firstTokenTimes(round), share)))
  const [p50, all] = [at(0.5), series.map(({ rounds }) => rounds.flatMap(firstTokenTimes))]
  const added = p50.map(rounds => pairwise(rounds, p50[0]!, difference))
  // Of so few turns a round has, the slowest hundredth is one; so all rounds are looked at together.
  const addedP99 = all.map(times => percentile(times, 0.99) - percentile(all[0]!, 0.99))
  return {
    title: 'Light load: added time to the first token',
    work: `4 streams at a time, the model takes 50 ms to its first token and 10 ms between tokens, 100 tokens; ${all[0]!.length} turns each.`,
    columns: ['', 'first token p50, ms', 'p99, ms', 'added p50, ms', 'added p99, ms'],
    rows: series.map(({ target }, n) => [
      target.name,
      percentile(all[n]!, 0.5),
      percentile(all[n]!, 0.99),
      n === 0 ? '' : shown(added[n]!),
      n === 0 ? '' : addedP99[n]!,
    ]),
    goals: series.slice(1).flatMap(({ target }, n) =>
      target.isOurs
        ? [
            { what: `${target.name}: first token, added, p50`, finding: added[n + 1]!, unit: 'ms', limit: 3, limitIs: 'most' as const },
            {
              what: `${target.name}: first token, added, p99`,
              finding: finding([addedP99[n + 1]!]),
              unit: 'ms',
              limit: 8,
              limitIs: 'most' as const,
            },
          ]
        : [],
    ),
  }
}
