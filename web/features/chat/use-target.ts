import { type RefObject, useLayoutEffect, useRef } from 'react'

interface TargetOptions {
  scroller: RefObject<HTMLElement | null>
  content: RefObject<HTMLElement | null>
  /** Brings a row near that does not exist yet. */
  bring: () => void
  /** The reader is not at the end from now on. */
  leaveEnd: () => void
}

const ABOVE_PX = 24
const MOVES = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const

/** Shows the turn that is looked for, and keeps it in its place while what is above it takes its shape, until the reader moves. */
export function useTarget(turnId: string | undefined, { scroller, content, bring, leaveEnd }: TargetOptions): void {
  const hold = useRef(() => {})
  hold.current = () => {
    const frame = scroller.current
    if (!frame) return
    leaveEnd()
    const turn = frame.querySelector(`[data-turn="${CSS.escape(turnId ?? '')}"]`)
    if (turn) frame.scrollTop += turn.getBoundingClientRect().top - frame.getBoundingClientRect().top - ABOVE_PX
    else bring()
  }
  useLayoutEffect(() => {
    const frame = scroller.current
    const grown = new ResizeObserver(() => hold.current())
    if (!turnId || !frame || !content.current) return
    hold.current()
    grown.observe(content.current)
    const release = () => grown.disconnect()
    for (const move of MOVES) frame.addEventListener(move, release, { passive: true })
    return () => {
      release()
      for (const move of MOVES) frame.removeEventListener(move, release)
    }
  }, [turnId, scroller, content])
}
