import { useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { shown } from '../../ui/decimal.ts'
import { useRested } from '../../ui/rested.ts'
import { useSpeakers } from './speakers.tsx'

const TYPING_PAUSE_MS = 500

/** What the message would do and cost, asked for when the typing rests. */
interface EstimateProps {
  sessionId: string | null
  text: string
  /** The model for this message, where not each agent's own. */
  alias: string
  fallback: string
}

export function Estimate({ sessionId, text, alias, fallback }: EstimateProps) {
  const { nameOf } = useSpeakers()
  const message = useRested(text.trim(), TYPING_PAUSE_MS)
  const isAsked = sessionId !== null && message !== ''
  const { data, error } = useQuery({
    queryKey: ['estimate', sessionId, message, alias],
    queryFn: () =>
      call('POST /sessions/{session_id}/estimate', {
        path: { session_id: sessionId! },
        body: { message, ...(alias && { model_alias_override: alias }) },
      }),
    enabled: isAsked,
    retry: false,
    staleTime: 30_000,
  })
  if (!isAsked || error || !data) return fallback
  const names = data.agents.map(nameOf)
  const who =
    data.mode === 'orchestrator' ? `a manager picks from ${names.length}` : names.length > 3 ? `${names.length} agents` : names.join(', ')
  return `${who} · from ${shown(data.low, 3)}, at most ${shown(data.high, 3)} credits`
}
