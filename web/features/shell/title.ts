import { useEffect } from 'react'

/** The name of the screen, where the browser and a screen reader look for it. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Pantheon`
  }, [title])
}
