import { useQuery } from '@tanstack/react-query'
import { count } from '../../ui/count.ts'
import { shown, sumOf } from '../../ui/decimal.ts'
import { history } from '../chat/history.ts'

export function SessionFacts({ sessionId }: { sessionId: string }) {
  const { data } = useQuery(history(sessionId))
  if (!data || data.turns.length === 0) return null
  const answers = data.messages.filter(message => message.role === 'assistant').length
  return (
    <section aria-labelledby="this-session">
      <h2 id="this-session">This session</h2>
      <dl className="facts">
        <dt>Turns</dt>
        <dd>{count(data.turns.length)}</dd>
        <dt>Answers</dt>
        <dd>{count(answers)}</dd>
        <dt>Credits</dt>
        <dd>{shown(sumOf(data.turns.map(turn => turn.credits_burned)))}</dd>
      </dl>
    </section>
  )
}
