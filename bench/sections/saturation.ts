import { type SectionResult, shown } from '../results.ts'
import { inRounds } from '../rounds.ts'
import type { Stage } from '../stage.ts'
import { median, pairwise, ratio } from '../statistics.ts'

const PACE = { firstMs: 0, betweenMs: 0, tokens: 100, perWrite: 10 }

/** (c) How many turns a second a machine takes whose every core is busy: streamed, stored and billed. */
export async function saturation(stage: Stage): Promise<SectionResult> {
  const load = { clients: 16, turnsEach: stage.quick ? 90 : 180, staggerMs: 0 }
  const series = await inRounds(stage, stage.quick ? 2 : 5, PACE, load)
  const turns = load.clients * load.turnsEach
  const perSecond = series.map(({ rounds }) => rounds.map(({ seconds }) => turns / seconds))
  const cpu = (of: 'cpuOwn' | 'cpuOthers') => series.map(({ rounds }) => median(rounds.map(round => (round[of] * 1000) / turns)))
  const [own, others] = [cpu('cpuOwn'), cpu('cpuOthers')]
  const ratios = perSecond.map(rounds => pairwise(rounds, perSecond[0]!, ratio))
  return {
    title: 'Saturation: turns a second',
    work: `16 streams one after another, the model waits for nothing, 100 tokens in 10 writes; ${turns} turns a round, ${series[0]!.rounds.length} rounds. Clients, model, server and databases share the machine.`,
    columns: ['', 'turns a second', 'tokens a second', 'of the bare proxy', 'CPU per turn, ms', 'of its databases, ms'],
    rows: series.map(({ target }, n) => [
      target.name,
      median(perSecond[n]!),
      median(perSecond[n]!) * PACE.tokens,
      n === 0 ? 1 : shown(ratios[n]!),
      own[n]!,
      others[n]!,
    ]),
    goals: series.flatMap(({ target }, n) =>
      target.isOurs
        ? [
            {
              what: `${target.name}: turns a second, of the bare proxy`,
              finding: ratios[n]!,
              unit: '×',
              limit: 0.25,
              limitIs: 'least' as const,
            },
          ]
        : [],
    ),
  }
}
