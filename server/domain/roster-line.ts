import { speakerName } from './speaker.ts'

/** An agent of the roster as a prompt tells of it. */
export interface RosterAgent {
  key: string
  name: string
  rolePrompt: string
}

const ROLE_CHARACTERS = 300

/** `- <agent_key>: <name> — <role>`, one line, the role in brief. */
export const rosterLine = ({ key, name, rolePrompt }: RosterAgent): string =>
  `- ${key}: ${speakerName(name)} — ${inBrief(rolePrompt) || 'no particular role'}`

function inBrief(rolePrompt: string): string {
  const line = rolePrompt
    .slice(0, 4 * ROLE_CHARACTERS)
    .replace(/\s+/g, ' ')
    .trim()
  return line.length <= ROLE_CHARACTERS ? line : `${line.slice(0, ROLE_CHARACTERS).toWellFormed().trimEnd()}…`
}
