import type { BasicEvent, TurnEvent } from '../../contract/events.ts'
import { createBlockOpener, type OutputShape, outputShape } from './assistant-output.ts'

// The basic stream, computed from the detailed events alone, so that any replica that reads the log tells a client the same.

export interface BasicView {
  /**
   * What a basic client is told because of `event`, at most one chunk and it first. The deltas of a turn, joined, are its `assistant_output`.
   * Needs of the events: `turn_started` before any step; an `agent_start` per step, in assignment order for a round; a failure's line as a chunk
   * of its step (`agentErrorDelta`); every step of a round ended before `round_end`. A chunk of no announced step passes as it is
   * (the replay of a stored output). Always the same for the same events, so its answers can be numbered by counting.
   */
  push(event: TurnEvent): BasicEvent[]
}

interface OpenStep {
  agentName: string
  round: number | null
  /** Text that waits for the steps before. */
  held: string
  opened: boolean
  end: 'success' | 'error' | 'cancelled' | null
}

type Chunk = Extract<TurnEvent, { type: 'chunk' }>

export function createBasicView(): BasicView {
  let turn = createShownTurn('plain')
  const flow = (delta: string): BasicEvent[] => (delta === '' ? [] : [{ type: 'chunk', delta }])

  return {
    push(event) {
      switch (event.type) {
        case 'chunk':
          return flow(turn.say(event))
        case 'agent_start':
          turn.start(event.step, event.agent_name, event.round)
          return []
        case 'agent_end':
          return flow(turn.end(event.step, event.status))
        case 'turn_started':
          turn = createShownTurn(outputShape(event.mode, event.agents.length))
          return []
        case 'reset':
          turn = createShownTurn('plain')
          return [event]
        case 'done':
          return [...flow(turn.close()), event]
        case 'round_start':
        case 'round_end':
        case 'error':
          return [event]
        default:
          return []
      }
    },
  }
}

/** Steps in the order they were announced; only the first unfinished one is shown as it speaks. Each verb answers the text that may be shown now. */
function createShownTurn(shape: OutputShape) {
  const open = new Map<number, OpenStep>()
  const openBlock = createBlockOpener(shape)

  const show = (step: OpenStep, text: string): string => {
    if (text === '') return ''
    const head = step.opened ? '' : openBlock(step)
    step.opened = true
    return head + text
  }
  const finish = (step: OpenStep): string => (step.opened || step.end !== 'success' ? '' : openBlock(step))

  /** Shows what the foremost step has waiting, and goes on behind every step that has ended. */
  const advance = (): string => {
    let shown = ''
    for (const [number, step] of open) {
      shown += show(step, step.held)
      step.held = ''
      if (step.end === null) break
      shown += finish(step)
      open.delete(number)
    }
    return shown
  }

  return {
    start(number: number, agentName: string, round: number | null) {
      open.set(number, { agentName, round, held: '', opened: false, end: null })
    },
    say({ step: number, delta }: Chunk): string {
      const step = number === undefined ? undefined : open.get(number)
      if (!step) return delta
      if (step === open.values().next().value) return show(step, delta)
      step.held += delta
      return ''
    },
    end(number: number, status: OpenStep['end']): string {
      const step = open.get(number)
      if (!step) return ''
      step.end = status
      return advance()
    },
    /** A step that nobody ended ends with its turn. */
    close(): string {
      for (const step of open.values()) step.end ??= 'cancelled'
      return advance()
    },
  }
}

/** What a client of the basic stream shows after these events: a turn's whole output, when they are all of it. */
export function shownText(events: readonly TurnEvent[]): string {
  const view = createBasicView()
  const shown = events.flatMap(event => view.push(event))
  const told = shown.slice(shown.findLastIndex(event => event.type === 'reset') + 1)
  return told.map(event => (event.type === 'chunk' ? event.delta : '')).join('')
}
