import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

interface Finding {
  id: string
  impact: string | null
  nodes: { html: string; failureSummary?: string }[]
}

/** What axe finds serious, with the places. The policy forbids inline scripts, so that axe is told to the page by the debugger. */
export async function findings(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axePath, 'utf8'))
  const violations = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(context: Document, options: object): Promise<{ violations: Finding[] }> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await axe.run(document, { runOnly: tags })).violations
  })
  return violations.map(
    each => `${each.id} (${each.impact}): ${each.nodes.map(node => `${node.html} ${node.failureSummary ?? ''}`).join(' | ')}`,
  )
}

export const setTheme = (page: Page, theme: string) =>
  page.evaluate(async chosen => {
    localStorage.setItem('theme', chosen)
    document.documentElement.dataset.theme = chosen
    // Colours on their way from one theme to the other are of neither.
    const changing = document.getAnimations().filter(animation => animation instanceof CSSTransition)
    await Promise.allSettled(changing.map(animation => animation.finished))
  }, theme)
