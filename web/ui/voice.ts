const VOICES = 8

/** An agent without a room gets the voice that its key spells. */
export function voiceOfKey(key: string): string {
  let sum = 0
  for (const letter of key.toLowerCase()) sum = (sum * 31 + letter.charCodeAt(0)) % 9973
  return String(sum % VOICES)
}

/** In a room voices are dealt in the order in which the agents were made, so that moving one changes no colour. */
export function voicesOf(agents: readonly { agent_key: string; id: string }[]): (key: string) => string {
  const dealt = new Map(
    [...agents].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ agent_key }, at) => [agent_key.toLowerCase(), String(at % VOICES)]),
  )
  return key => dealt.get(key.toLowerCase()) ?? voiceOfKey(key)
}

/** Two letters for a seal. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const letters = words.length > 1 ? `${words[0]?.[0] ?? ''}${words[1]?.[0] ?? ''}` : name.trim().slice(0, 2)
  return letters.toUpperCase()
}
