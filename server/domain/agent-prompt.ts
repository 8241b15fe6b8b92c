import type { TurnMode } from '../../contract/turns.ts'
import { DATA_RULE, fencedData } from './fenced-data.ts'
import { type RosterAgent, rosterLine } from './roster-line.ts'
import { speakerLabel, speakerName } from './speaker.ts'

export interface ReadableFile {
  id: string
  filename: string
  status: 'pending' | 'completed' | 'failed'
}

export interface AgentPromptParts {
  mode: TurnMode
  room: { name: string; goal: string | null } | null
  /** The room's agents in position order, this one among them; empty in a standalone session. */
  roster: RosterAgent[]
  agent: RosterAgent & { tools: string[] }
  /** Files of this room or session; only told to an agent that may read them. */
  files: ReadableFile[]
}

/** The system layers of an agent: room mode, goal, roster with roles, its own role, tool rules, files (turns.md, Messages). */
export function agentSystemPrompt({ mode, room, roster, agent, files }: AgentPromptParts): string {
  const layers = [
    modeLayer(mode, speakerName(agent.name), room?.name ?? null),
    room?.goal ? `The goal of the room:\n${room.goal}` : '',
    roster.length > 0 ? `The agents of the room, by key, name and role:\n${roster.map(rosterLine).join('\n')}` : '',
    agent.rolePrompt === '' ? '' : `Your role:\n${agent.rolePrompt}`,
    toolLayer(agent.tools),
    agent.tools.includes('file_read') ? fileLayer(files) : '',
    DATA_RULE,
  ]
  return layers.filter(layer => layer !== '').join('\n\n')
}

function modeLayer(mode: TurnMode, name: string, roomName: string | null): string {
  const room = roomName === null ? 'a room' : `the room "${speakerName(roomName)}"`
  const ownVoice =
    'Speak only for yourself, without your name in front: never write the part of another agent or of the user, and start no line with a name and a colon.'
  switch (mode) {
    case 'standalone':
      return `You are ${name}. You talk with one user.`
    case 'manual':
      return `You are ${name}, one of the agents of ${room}. The user addressed you by your tag; other agents that were tagged answer on their own, unseen by you. ${ownVoice}`
    case 'roundtable':
      return `You are ${name}, at a round table in ${room}: every agent answers each message in turn. You see what was answered before you; build on it, object where you disagree, and repeat nothing. ${ownVoice}`
    case 'orchestrator':
      return `You are ${name}, a specialist in ${room}. A manager picks who answers and may give you an instruction: follow it within what the user asks for; the manager puts the answers together. ${ownVoice}`
  }
}

function toolLayer(tools: string[]): string {
  if (tools.length === 0) return ''
  return `You may call these tools: ${tools.join(', ')}. Call one when it helps the answer, not otherwise; when it fails, say so or answer without it. Name the sources you used.`
}

function fileLayer(files: ReadableFile[]): string {
  if (files.length === 0) return 'There are no files to read.'
  const states = { completed: '', pending: ' (not readable yet)', failed: ' (could not be parsed)' }
  const lines = files.map(({ id, filename, status }) => `- ${id}: ${filename.replace(/\s+/g, ' ')}${states[status]}`)
  return `The files that file_read can read, by id and name:\n${fencedData('list of files', lines.join('\n'))}`
}

/** Another agent's answer in the messages of an agent or the manager: `[Name]: …`, fenced. `failed`: it ended by a failure, perhaps without a word. */
export function labelledAnswer(name: string, text: string, failed = false): string {
  const failure = text === '' ? '(failed and gave no answer)' : '\n(failed before it was finished)'
  return fencedData(`the agent ${name}`, `${speakerLabel(name)} ${text}${failed ? failure : ''}`)
}

/** The user's message as a specialist gets it, with what the manager wants of it. */
export const specialistMessage = (message: string, instruction: string): string =>
  instruction === '' ? message : `${message}\n\nInstruction from the manager: ${instruction}`
