import { useState } from 'react'

/** Copies a text, and tells whether that went well: `null` until it was tried. */
export function useCopy(): { isCopied: boolean | null; copy: (text: string) => Promise<void> } {
  const [isCopied, setCopied] = useState<boolean | null>(null)
  return { isCopied, copy: async text => setCopied(await copied(text)) }
}

/** Browsers hand the clipboard to pages by HTTPS only; the old command is there for every page. */
const copied = (text: string): Promise<boolean> =>
  navigator.clipboard
    ? navigator.clipboard.writeText(text).then(
        () => true,
        () => false,
      )
    : Promise.resolve(copiedByCommand(text))

function copiedByCommand(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null
  const area = Object.assign(document.createElement('textarea'), { value: text, className: 'heard-only', ariaHidden: 'true' })
  // Outside an open dialog nothing can be selected.
  const place = focused?.closest('dialog') ?? document.body
  place.append(area)
  area.select()
  const isDone = document.execCommand('copy')
  area.remove()
  focused?.focus()
  return isDone
}
