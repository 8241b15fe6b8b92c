import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { newCouncil, newDirectChat } from '../test/council.ts'
import { DESKTOP, PHONE, useStage } from './stage.ts'

const stage = await useStage()
stage.endpoint.reply({ chunks: ['Yes.'] })

afterEach(() => expect(stage.complaints.splice(0)).toEqual([]))

const undone = 'button:text-is("Undo")'

describe.each([
  ['a desktop', 'ann', DESKTOP],
  ['a phone', 'ben', PHONE],
])('on %s', (_, name, viewport) => {
  test('a room that is deleted comes back by Undo, or later from Recently deleted', async () => {
    const { page, client } = await stage.visitor(name, { viewport })
    const council = await newCouncil(client, 'roundtable', [{ key: 'market' }])
    await client.post(council.turns, { message: 'Remember me' })
    const remove = async () => {
      await page.getByRole('button', { name: 'Name and goal of this room' }).click()
      await page.getByRole('button', { name: 'Delete the room' }).click()
      await page.getByText('Room “Council” is deleted.').waitFor()
    }
    await page.goto(`/rooms/${council.roomId}`)
    await remove()
    expect((await client.get(`/rooms/${council.roomId}`)).status).toBe(404)
    // The keyboard is there already.
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Undo')
    await page.keyboard.press('Enter')
    await page.getByRole('article', { name: 'Turn 1' }).getByText('Remember me').waitFor()

    await remove()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByRole('link', { name: 'Recently deleted' }).click()
    await page.getByText('6 days left').waitFor()
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width)
    await page.getByRole('button', { name: 'Bring back Council' }).click()
    await page.getByRole('article', { name: 'Turn 1' }).getByText('Remember me').waitFor()
  })

  test('a session of a direct chat is named, taken along, deleted and brought back', async () => {
    const { page, client } = await stage.visitor(`${name}-alone`, { viewport })
    const chat = await newDirectChat(client, { key: 'solo', name: 'Solo' })
    await client.post(chat.turns, { message: 'Remember me' })
    await page.goto(`/agents/${chat.agentId}/chat`)
    await page.getByLabel('Your message').waitFor()
    const openSide = async () => {
      if (viewport === PHONE) await page.getByRole('button', { name: 'Sessions and files' }).click()
    }
    await openSide()
    const side = viewport === PHONE ? page.getByRole('dialog', { name: 'Solo' }) : page.getByRole('complementary')
    await side.getByRole('button', { name: /^Name, take along or delete: Remember me/ }).click()
    const menu = page.getByRole('dialog', { name: 'This session' })
    for (const [format, ending] of [
      ['Markdown', 'md'],
      ['JSON', 'json'],
    ] as const) {
      const saving = page.waitForEvent('download')
      await menu.getByRole('button', { name: format }).click()
      const file = await saving
      expect(file.suggestedFilename()).toBe(`Remember me.${ending}`)
      expect(await readFile(await file.path(), 'utf8')).toContain('Remember me')
    }
    await menu.getByLabel('Name').fill('Fruit')
    await menu.getByRole('button', { name: 'Save' }).click()
    await side.getByRole('link', { name: /^Fruit/ }).waitFor()

    await side.getByRole('button', { name: 'Name, take along or delete: Fruit' }).click()
    await menu.getByRole('button', { name: 'Delete the session' }).click()
    await page.getByText('Session “Fruit” is deleted.').waitFor()
    await openSide()
    await side.getByText('The first message starts one.').waitFor()
    await side.getByRole('button', { name: 'Deleted sessions…' }).click()
    await page.getByRole('button', { name: 'Bring back Fruit' }).click()
    await page.getByRole('article', { name: 'Turn 1' }).getByText('Remember me').waitFor()
  })
})

test('an agent that is deleted comes back; when its key was taken meanwhile the page says what to do', async () => {
  const { page, client } = await stage.visitor('cia')
  const council = await newCouncil(client, 'roundtable', [{ key: 'market', name: 'Market analyst' }])
  const remove = async () => {
    await page.goto(`/agents/${council.agents.market}`)
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Agent “Market analyst” is deleted, and has left its rooms.').waitFor()
  }
  await remove()
  await page.locator(undone).click()
  await page.getByRole('heading', { name: 'Market analyst', level: 1 }).waitFor()

  await remove()
  expect((await client.post('/agents', { agent_key: 'market', name: 'Newcomer', model_alias: 'deepseek' })).status).toBe(201)
  await page.locator(undone).click()
  await page.getByText(/already have an agent with the key "market".*Recently deleted/).waitFor()
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await page.getByRole('link', { name: 'Recently deleted' }).click()
  await page.getByRole('button', { name: 'Bring back Market analyst' }).click()
  await page.getByText('Give the other one another key').waitFor()
})

test('nobody sees what somebody else deleted', async () => {
  const { page } = await stage.visitor('dan')
  await page.goto('/deleted')
  await page.getByText('No room was deleted in the last 7 days.').waitFor()
  await page.getByText('No agent was deleted in the last 7 days.').waitFor()
})
