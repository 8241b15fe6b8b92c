import type { RoomMode } from '../../../contract/rooms.ts'

export const modes: { mode: RoomMode; name: string; about: string }[] = [
  { mode: 'manual', name: 'Manual', about: 'Those you name with @ answer, one after another.' },
  { mode: 'roundtable', name: 'Roundtable', about: 'Everybody answers in speaking order, hearing those before.' },
  { mode: 'orchestrator', name: 'Orchestrator', about: 'A manager picks who answers, judges, and sums up.' },
]

export const modeName = (mode: RoomMode): string => modes.find(each => each.mode === mode)?.name ?? mode
export const modeAbout = (mode: RoomMode): string => modes.find(each => each.mode === mode)?.about ?? ''
