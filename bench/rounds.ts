import { answerText, type Pace } from './script.ts'
import type { Stage } from './stage.ts'
import { type Load, type LoadResult, runLoad, type Target } from './target.ts'

/** What one target showed, round by round. */
export interface Series {
  target: Target
  rounds: LoadResult[]
}

/** Whatever is compiled at its first uses is compiled before; a server that has just started is another matter, see starts.ts. */
const WARM_UP = { pace: { firstMs: 0, betweenMs: 0, tokens: 100, perWrite: 10 }, load: { clients: 16, turnsEach: 25, staggerMs: 0 } }

/** Every target in turn, round after round, each round in another order: whatever the machine does besides meets all of them alike. */
export async function inRounds(stage: Stage, count: number, pace: Pace, load: Load): Promise<Series[]> {
  const [endpoint, targets] = [await stage.endpoint(), await stage.targets()]
  await endpoint.play({ default: WARM_UP.pace })
  for (const target of targets) await runLoad(target, WARM_UP.load, answerText(WARM_UP.pace))
  await endpoint.play({ default: pace })
  const series = targets.map(target => ({ target, rounds: [] as LoadResult[] }))
  for (let round = 0; round < count; round += 1) {
    const order = series.map((_, place) => series[(place + round) % series.length]!)
    for (const { target, rounds } of order) rounds.push(await runLoad(target, load, answerText(pace)))
  }
  return series
}

export const firstTokenTimes = ({ answers }: LoadResult): number[] => answers.map(({ sentAt, firstTextAt }) => firstTextAt - sentAt)
