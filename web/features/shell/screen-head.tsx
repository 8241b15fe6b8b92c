import { Menu } from 'lucide-react'
import type { ReactNode } from 'react'
import { useMenu } from './shell.tsx'

/** The line on top of a screen: the menu where it is hidden, the title, what it is about, and actions. */
export function ScreenHead({ title, about, children }: { title: ReactNode; about?: ReactNode; children?: ReactNode }) {
  const openMenu = useMenu()
  return (
    <header className="head">
      <button type="button" className="icon-button menu-button" onClick={openMenu} aria-label="Menu">
        <Menu size={18} aria-hidden />
      </button>
      <h1 className="clip">{title}</h1>
      <span className="about small muted clip">{about}</span>
      {children}
    </header>
  )
}
