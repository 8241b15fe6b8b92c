/** Whether `wanted` names everybody who is there, each exactly once. */
export const isReordering = (wanted: string[], there: string[]): boolean =>
  wanted.length === there.length && new Set(wanted).size === wanted.length && there.every(id => wanted.includes(id))

/** Whom a client means by an id or, without case, by a key; an id comes first, because a key may look like one. */
export function findInRoster<Entry extends { agent_id: string; agent: { agent_key: string } }>(
  roster: Entry[],
  idOrKey: string,
): Entry | null {
  const named = idOrKey.toLowerCase()
  return roster.find(entry => entry.agent_id === named) ?? roster.find(entry => entry.agent.agent_key.toLowerCase() === named) ?? null
}
