import { createContext, useContext } from 'react'
import { voiceOfKey } from '../../ui/voice.ts'

export interface Speakers {
  voiceOf(agentKey: string): string
  nameOf(agentKey: string): string
}

/** Who may speak here: gives a turn's agents their colour and, where it does not say, their name. */
export const SpeakersContext = createContext<Speakers>({ voiceOf: voiceOfKey, nameOf: key => key })

export const useSpeakers = (): Speakers => useContext(SpeakersContext)
