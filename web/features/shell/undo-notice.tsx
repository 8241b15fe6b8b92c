import { useMutation } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { onUndoOffered, readUndo, type UndoOffer, withdrawUndo } from './undo.ts'

const SHOWN_MS = 20_000

export function UndoNotice() {
  const offer = useSyncExternalStore(onUndoOffered, readUndo)
  return (
    <div className="undo-place" role="status">
      {offer && <Offered key={offer.number} offer={offer} />}
    </div>
  )
}

function Offered({ offer }: { offer: UndoOffer }) {
  const [isHeld, setHeld] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  // What had the focus is gone with what was deleted.
  useEffect(() => button.current?.focus(), [])
  const back = useMutation({ mutationFn: offer.undo, onSuccess: withdrawUndo })
  useEffect(() => {
    if (isHeld || back.isPending || back.error) return
    const timer = setTimeout(withdrawUndo, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isHeld, back.isPending, back.error])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: whoever points at it or stands in it is given all the time
    <div
      className="undo"
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="small">{back.error ? `${back.error.message} Look under Recently deleted.` : offer.words}</span>
      <button ref={button} type="button" className="button" disabled={back.isPending} onClick={() => back.mutate()}>
        Undo
      </button>
      <button type="button" className="icon-button" onClick={withdrawUndo} aria-label="Dismiss">
        <X size={15} aria-hidden />
      </button>
    </div>
  )
}
