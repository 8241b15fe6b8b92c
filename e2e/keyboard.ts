import type { Page } from 'playwright-core'
import { expect } from 'vitest'

const MOST_PRESSES = 120

/** What has the focus, as a screen reader would call it. */
export const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null
    const label = element?.labels?.[0]?.textContent
    return (element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '').trim()
  })

/** Presses Tab until what is called so has the focus. */
export async function reach(page: Page, name: RegExp): Promise<void> {
  for (let press = 0; press < MOST_PRESSES; press += 1) {
    await page.keyboard.press('Tab')
    if (name.test(await focused(page))) return
  }
  expect.fail(`no press of Tab reaches ${name}`)
}

/** Marks what can be used on the screen, and answers with how many there are; of radio buttons that belong together one can be reached by Tab. */
const markUsable = (page: Page) =>
  page.evaluate(() => {
    const usable = 'a[href], button:not([disabled]), input:not([disabled]):not([hidden]), select, textarea, [tabindex="0"]'
    const dialogs = [...document.querySelectorAll('dialog[open]')]
    const root = dialogs.at(-1) ?? document
    const all = [...root.querySelectorAll<HTMLElement>(usable)].filter(
      element =>
        element.checkVisibility({ visibilityProperty: true }) &&
        element.tabIndex >= 0 &&
        !(element instanceof HTMLInputElement && element.type === 'radio' && !element.checked),
    )
    for (const [at, element] of all.entries()) element.dataset.usable = String(at)
    return all.map(element => element.outerHTML.slice(0, 160))
  })

/** What can be used on the screen, or in the dialog that is open, and is not reached by Tab. */
export async function unreached(page: Page): Promise<string[]> {
  const all = await markUsable(page)
  const reached = new Set<number>()
  for (let press = 0; press < all.length + 6; press += 1) {
    await page.keyboard.press('Tab')
    reached.add(Number(await page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset.usable ?? -1)))
  }
  return all.filter((_, at) => !reached.has(at))
}
