import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { call } from '../../api/client.ts'
import { shown } from '../../ui/decimal.ts'
import { useSpeakers } from './speakers.tsx'

const TYPING_PAUSE_MS = 500

/** What the message would do and cost, asked for when the typing rests. */
export function Estimate({ sessionId, text, fallback }: { sessionId: string | null; text: string; fallback: string }) {
  const { nameOf } = useSpeakers()
  const message = useRested(text.trim())
  const isAsked = sessionId !== null && message !== ''
  const { data, error } = useQuery({
    queryKey: ['estimate', sessionId, message],
    queryFn: () => call('POST /sessions/{session_id}/estimate', { path: { session_id: sessionId! }, body: { message } }),
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

function useRested(text: string): string {
  const [rested, setRested] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), TYPING_PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text])
  return rested
}
