import type { TurnMode } from '../../contract/turns.ts'

/** What a turn is stored under, given who spoke in it: the alias of its only agent, or a word for several. */
export function aliasUsed(mode: TurnMode, agents: { key: string; alias: string }[]): string {
  const aliases = new Map(agents.map(({ key, alias }) => [key, alias]))
  if (aliases.size === 1) return [...aliases.values()][0]!
  return mode === 'roundtable' ? 'roundtable' : 'multi-agent'
}
