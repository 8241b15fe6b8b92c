import type { MessageRead } from '../../../contract/sessions.ts'
import type { ListedTurnRead } from '../../../contract/turns.ts'
import type { LiveTurn } from './live-turn.ts'

/** A turn's place in the conversation, told by what this page has seen of it or by what is stored. */
export type Row =
  | { kind: 'stored'; key: string; turn: ListedTurnRead; messages: MessageRead[] }
  | { kind: 'live'; key: string; turn: LiveTurn }

const NO_MESSAGES: MessageRead[] = []

/** In stored order; what is not stored yet comes last. */
export function rowsOf(turns: readonly ListedTurnRead[], messages: readonly MessageRead[], liveTurns: readonly LiveTurn[]): Row[] {
  const live = new Map(liveTurns.map(turn => [turn.read().turnId, turn]))
  const stored = new Set(turns.map(turn => turn.id))
  const said = Map.groupBy(messages, message => message.turn_id)
  const rowOf = (turn: ListedTurnRead): Row => {
    const seen = live.get(turn.id)
    // What has replaced a turn, and how one ended that could not be followed, only the stored one says.
    if (seen && !turn.superseded_by_turn_id && seen.read().status !== 'lost') return { kind: 'live', key: seen.key, turn: seen }
    return { kind: 'stored', key: turn.id, turn, messages: said.get(turn.id) ?? NO_MESSAGES }
  }
  const isStored = (turn: LiveTurn) => stored.has(turn.read().turnId ?? '')
  return [...turns.map(rowOf), ...liveTurns.filter(turn => !isStored(turn)).map((turn): Row => ({ kind: 'live', key: turn.key, turn }))]
}

export const turnIdOf = (row: Row): string | null => (row.kind === 'live' ? row.turn.read().turnId : row.turn.id)
