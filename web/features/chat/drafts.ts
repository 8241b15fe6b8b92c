import { useSyncExternalStore } from 'react'
import { keep, kept, keysKept } from '../../ui/theme.ts'

const keyOf = (place: string) => `draft:${place}`

const texts = new Map<string, string>()
const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

const draftAt = (place: string): string => texts.get(place) ?? kept(keyOf(place)) ?? ''

function setDraft(place: string, text: string): void {
  texts.set(place, text)
  keep(keyOf(place), text === '' ? null : text)
  for (const listener of listeners) listener()
}

export function forgetDrafts(): void {
  texts.clear()
  for (const key of keysKept()) if (key.startsWith(keyOf(''))) keep(key, null)
}

/** What is being typed at a place. It survives a reload, a sign-out and a refusal. */
export function useDraft(place: string): [string, (text: string) => void] {
  const text = useSyncExternalStore(subscribe, () => draftAt(place))
  return [text, next => setDraft(place, next)]
}

/** Lets go what was sent from a place. What was typed behind it meanwhile, or instead of it, stays; `to` is where it is typed on. */
export function letGo(place: string, sent: string, to = place): void {
  const text = draftAt(place)
  setDraft(place, '')
  const left = text.startsWith(sent) ? text.slice(sent.length).trimStart() : text
  if (left !== '') setDraft(to, left)
}
