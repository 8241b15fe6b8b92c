import { useState } from 'react'
import { keep, kept } from '../../ui/theme.ts'

const keyOf = (place: string) => `draft:${place}`

/** What is being typed at a place. It survives a reload, a sign-out and a refusal. */
export function useDraft(place: string): [string, (text: string) => void] {
  const [state, setState] = useState(() => ({ place, text: kept(keyOf(place)) ?? '' }))
  const current = state.place === place ? state.text : (kept(keyOf(place)) ?? '')
  if (state.place !== place) setState({ place, text: current })
  return [
    current,
    text => {
      keep(keyOf(place), text === '' ? null : text)
      setState({ place, text })
    },
  ]
}
