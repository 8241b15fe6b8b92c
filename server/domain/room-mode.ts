import { type RoomMode, roomModes } from '../../contract/rooms.ts'
import { Refusal } from './refusal.ts'

const ANOTHER_NAME_FOR_MANUAL = 'tag'

/** The mode that a client wrote; `tag` is another name for `manual`. */
export function readRoomMode(text: string): RoomMode {
  const mode = text === ANOTHER_NAME_FOR_MANUAL ? 'manual' : roomModes.find(known => known === text)
  if (!mode) throw new Refusal('unsupported_mode', 'unsupported mode; allowed: manual, roundtable, orchestrator')
  return mode
}
