import { X } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'

interface DialogProps {
  title: string
  open: boolean
  onClose: () => void
  children: ReactNode
  kind?: 'dialog' | 'dialog wide' | 'sheet' | 'sheet right'
  actions?: ReactNode
}

/** The platform's own modal dialog: focus stays inside, Escape closes, and the focus goes back to where it was. */
export function Dialog({ title, open, onClose, children, kind = 'dialog', actions }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = element.current
    if (!dialog) return
    if (open && !dialog.open) dialog.showModal()
    if (!open && dialog.open) dialog.close()
  }, [open])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click on the backdrop is a second way; Escape is the keyboard's
    <dialog
      ref={element}
      className={kind}
      aria-labelledby={heading}
      // React lets the close of a dialog inside this one rise to it.
      onClose={event => event.target === event.currentTarget && onClose()}
      onClick={event => event.target === event.currentTarget && onClose()}
    >
      {open && (
        <>
          <div className="dialog-head">
            <h2 id={heading}>{title}</h2>
            {actions}
            <button type="button" className="icon-button" onClick={onClose} aria-label="Close">
              <X size={17} aria-hidden />
            </button>
          </div>
          <div className="dialog-body">{children}</div>
        </>
      )}
    </dialog>
  )
}
