import type { Tool } from './tool.ts'

/** The tools there are for one turn; which of them an agent may use is for its permissions to say. */
export interface Toolbox {
  forTurn(scope: { userId: string; sessionId: string; room: { id: string } | null }): Tool[]
}

export const createToolbox = (): Toolbox => ({ forTurn: () => [] })
