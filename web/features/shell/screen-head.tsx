import { Menu } from 'lucide-react'
import type { ReactNode } from 'react'
import { useMenu } from './shell.tsx'
import { useTitle } from './title.ts'

/** The line on top of a screen: the menu where it is hidden, the title, what it is about, and actions. */
export function ScreenHead({ title, about, children }: { title: string; about?: ReactNode; children?: ReactNode }) {
  const openMenu = useMenu()
  useTitle(title)
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
