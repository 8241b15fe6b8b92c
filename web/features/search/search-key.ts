import { useEffect, useRef } from 'react'

const isApple = /^(Mac|iP)/.test(navigator.platform)

/** As people write it, and as assistive technology reads it. */
export const searchKey = isApple ? { shown: '⌘ K', aria: 'Meta+K' } : { shown: 'Ctrl K', aria: 'Control+K' }

/** Runs when the key of the search is pressed, wherever the focus is: Command and K on Apple's machines, where Ctrl and K edits text, Ctrl and K elsewhere. */
export function useSearchKey(run: () => void): void {
  const latest = useRef(run)
  latest.current = run
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const isHeld = isApple ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey
      if (!isHeld || event.altKey || event.shiftKey || event.key.toLowerCase() !== 'k') return
      event.preventDefault()
      latest.current()
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [])
}
