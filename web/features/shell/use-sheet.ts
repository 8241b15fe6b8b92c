import { useEffect, useState } from 'react'
import { onUndoOffered } from './undo.ts'

/** A sheet over the page, on narrow screens. It makes way for another session, and for an offer to undo. */
export function useSheet(sessionId: string | undefined): [boolean, (isOpen: boolean) => void] {
  const [isOpen, setOpen] = useState(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another session closes the sheet
  useEffect(() => setOpen(false), [sessionId])
  useEffect(() => onUndoOffered(() => setOpen(false)), [])
  return [isOpen, setOpen]
}
