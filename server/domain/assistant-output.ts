import type { TurnMode } from '../../contract/turns.ts'
import { speakerName } from './speaker.ts'

// What a turn's stored `assistant_output` looks like (turns.md). The basic stream opens its blocks with the same function.

/** `plain`: one agent's text alone. `blocks`: `Name: text`. `rounds`: blocks under `[Round N]`, then the synthesis. */
export type OutputShape = 'plain' | 'blocks' | 'rounds'

/** `speakers` counts who was to answer when the turn began, so that the first token already knows its shape. */
export function outputShape(mode: TurnMode, speakers: number): OutputShape {
  if (mode === 'orchestrator') return 'rounds'
  return speakers === 1 ? 'plain' : 'blocks'
}

/** Whose block it is. In the shape `rounds` a step without a round is the manager's synthesis. */
export interface OutputSpeaker {
  agentName: string
  round: number | null
}

export interface OutputStep extends OutputSpeaker {
  /** What the agent said, without the line that tells of its failure. */
  text: string
  /** `code` says why the step failed and ends up in the output; any word of `[a-z_]`. */
  end: { kind: 'success' } | { kind: 'cancelled' } | { kind: 'error'; code: string }
}

const isSynthesis = (shape: OutputShape, speaker: OutputSpeaker): boolean => shape === 'rounds' && speaker.round === null

/** Opens the blocks of one turn: called once per block that has something to show, in order; answers what stands before its text. */
export function createBlockOpener(shape: OutputShape): (speaker: OutputSpeaker) => string {
  let begun = false
  let round = 1
  return speaker => {
    if (shape === 'plain') return ''
    const gap = begun ? '\n\n' : ''
    begun = true
    if (isSynthesis(shape, speaker)) return `${gap}---\n\nManager synthesis:\n`
    const newRound = speaker.round !== null && speaker.round !== round
    round = speaker.round ?? round
    return `${gap}${newRound ? `[Round ${round}]\n` : ''}${speakerName(speaker.agentName)}: `
  }
}

/**
 * What the failure of a step adds behind `text`, all that it had said: the line `[[agent_error]] agent=<name> code=<code>`, always a line of its own.
 * A failed synthesis tells of itself in the same way, as the agent `Manager`. The engine sends this as a chunk of the step.
 */
export function agentErrorDelta(shape: OutputShape, speaker: OutputSpeaker, text: string, code: string): string {
  const headEndsLine = shape === 'plain' || isSynthesis(shape, speaker)
  const atLineStart = text === '' ? headEndsLine : text.endsWith('\n')
  return `${atLineStart ? '' : '\n'}[[agent_error]] agent=${speakerName(speaker.agentName)} code=${code}`
}

/**
 * The stored output. `steps` in step order. A step that was cancelled before it said anything leaves no block;
 * a successful one without text leaves `Name: `.
 */
export function assistantOutput(shape: OutputShape, steps: OutputStep[]): string {
  const open = createBlockOpener(shape)
  return steps
    .filter(step => step.text !== '' || step.end.kind !== 'cancelled')
    .map(step => open(step) + step.text + (step.end.kind === 'error' ? agentErrorDelta(shape, step, step.text, step.end.code) : ''))
    .join('')
}
