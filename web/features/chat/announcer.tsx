import { useEffect, useState } from 'react'
import type { LiveTurn } from './live-turn.ts'
import { stepsOf } from './live-turn.ts'
import type { TurnView } from './turn-view.ts'

/** Says politely who has begun and who has finished, with the finished words; not every delta, which nobody could follow. */
export function Announcer({ turns }: { turns: readonly LiveTurn[] }) {
  const newest = turns.at(-1)
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (!newest) return
    let before = newest.read()
    return newest.subscribe(() => {
      const now = newest.read()
      const news = newsBetween(before, now)
      before = now
      if (news !== '') setSaid(news)
    })
  }, [newest])
  return (
    <div className="heard-only" aria-live="polite" aria-atomic="true">
      {said}
    </div>
  )
}

function newsBetween(before: TurnView, now: TurnView): string {
  const statuses = new Map(stepsOf(before.parts).map(step => [step.key, step.status]))
  const news = stepsOf(now.parts).flatMap(step => {
    const last = statuses.get(step.key)
    if (last === undefined) return [`${step.agentName} is answering.`]
    return last === 'running' && step.status !== 'running' ? [`${step.agentName} says: ${step.text.read()}`] : []
  })
  return news.join(' ')
}
