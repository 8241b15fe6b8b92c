import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { HOSTILE } from './hostile-markdown.ts'
import { useStage, WIDTHS } from './stage.ts'

const stage = await useStage()
const FOREIGN = 'foreign.example'
const payloads = HOSTILE.map(each => each.replaceAll('HOST', FOREIGN))

/** An answer must not push the page, nor the conversation in it, wider than its screen. */
const width = (page: Page) =>
  page.evaluate(() => Math.max(document.documentElement.scrollWidth, document.querySelector('.timeline')!.scrollWidth))

/** What the page asks of anybody but its own server, and whether a script of an answer ran. */
async function watched(page: Page) {
  const asked: string[] = []
  page.on('request', request => {
    const { origin, protocol } = new URL(request.url())
    if (origin !== stage.address && protocol !== 'blob:') asked.push(request.url())
  })
  const hacked = () =>
    page.evaluate(
      () =>
        'hacked' in window ||
        document.querySelector('.words :is(script,iframe,object,embed,style,link,form,svg[onload],base,meta,video,audio,img)') !== null,
    )
  return { asked, hacked }
}

test.for(WIDTHS)(
  'sixty hostile answers ask nothing of strangers and run nothing, streaming and read again, at %s',
  { timeout: 120_000 },
  async ([, viewport]) => {
    expect(payloads.length).toBeGreaterThanOrEqual(60)
    const { page, client } = await stage.visitor(`ann-${viewport.width}`, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
    const { asked, hacked } = await watched(page)
    await page.goto(`/rooms/${council.roomId}`)
    const groups = Array.from({ length: 6 }, (_, at) => payloads.slice(at * 11, at * 11 + 11))
    for (const [at, group] of groups.entries()) {
      // Cut anywhere, so that every payload stands unfinished for a while.
      const text = group.join('\n\n---\n\n')
      stage.endpoint.reply({ chunks: text.match(/[\s\S]{1,9}/g) ?? [], betweenMs: 2 })
      await page.getByLabel('Your message').fill(`Group ${at}`)
      await page.getByRole('button', { name: 'Send' }).click()
      await page.getByRole('button', { name: `Details of turn ${at + 1}` }).waitFor()
      expect(await hacked()).toBe(false)
      expect(await width(page)).toBeLessThanOrEqual(viewport.width)
    }
    await page.reload()
    for (let at = groups.length; at > 0; at -= 1) {
      await page.getByRole('button', { name: `Details of turn ${at}` }).scrollIntoViewIfNeeded()
      await page.locator('.markdown').first().waitFor()
      expect(await hacked()).toBe(false)
      expect(await width(page)).toBeLessThanOrEqual(viewport.width)
      await page.getByRole('region', { name: 'Conversation' }).evaluate(element => element.scrollBy(0, -element.clientHeight))
    }
    expect(asked).toEqual([])
  },
)

test.for(WIDTHS)('links lead to web and mail addresses only, say whereto, and pictures stay links, at %s', async ([, viewport]) => {
  const { page, client } = await stage.visitor(`ben-${viewport.width}`, { viewport })
  const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
  await page.goto(`/rooms/${council.roomId}`)
  stage.endpoint.reply({ chunks: [payloads.join('\n\n')] })
  await page.getByLabel('Your message').fill('All')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  await page.locator('.remote-picture').first().waitFor()
  const links = page.locator('.words a')
  const all = await links.evaluateAll(list =>
    list.map(link => ({ href: (link as HTMLAnchorElement).protocol, rel: link.getAttribute('rel'), text: link.textContent })),
  )
  expect(all.length).toBeGreaterThan(5)
  for (const link of all) {
    expect(['http:', 'https:', 'mailto:']).toContain(link.href)
    expect(link.rel).toContain('noopener')
  }
  await page.locator('.words a', { hasText: 'https://bank.example' }).getByText(FOREIGN).waitFor()
  expect(await page.locator('.remote-picture').count()).toBeGreaterThan(2)
})
