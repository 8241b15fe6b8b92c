import { afterEach, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { PLAIN_HOST } from './chromium.ts'
import { useStage } from './stage.ts'

const stage = await useStage()

// Browsers say of such an address that they ignore a header which asks for more.
const isOfAddress = (complaint: string) => complaint.startsWith('The Cross-Origin-Opener-Policy header has been ignored')
afterEach(() => expect(stage.complaints.splice(0).filter(complaint => !isOfAddress(complaint))).toEqual([]))

test('from another machine of the network, by plain HTTP, messages are sent, and code and keys are copied', async () => {
  const { page, context, client } = await stage.visitor('ann')
  const council = await newCouncil(client, 'roundtable', [{ key: 'one' }])
  await context.addCookies((await context.cookies()).map(cookie => ({ ...cookie, domain: PLAIN_HOST })))
  const address = stage.address.replace('127.0.0.1', PLAIN_HOST)
  await page.goto(`${address}/rooms/${council.roomId}`)
  const message = page.getByLabel('Your message')
  await message.fill('Code, please')
  expect(await page.evaluate(() => [isSecureContext, 'clipboard' in navigator])).toEqual([false, false])

  stage.endpoint.reply({ chunks: ['```\nlet answer = 42\n```\n'] })
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  await message.focus()
  await page.keyboard.press('Control+v')
  expect(await message.inputValue()).toBe('let answer = 42')

  await page.goto(`${address}/account`)
  await page.getByRole('button', { name: 'New key' }).click()
  const dialog = page.getByRole('dialog', { name: 'New API key' })
  await dialog.getByLabel('Name').fill('Nightly digest')
  await dialog.getByRole('button', { name: 'Make the key' }).click()
  const key = await dialog.getByLabel('The key “Nightly digest”').inputValue()
  await dialog.getByRole('button', { name: 'Copy', exact: true }).click()
  await dialog.getByText('The key is in the clipboard.').waitFor()
  await dialog.getByRole('button', { name: 'I have it' }).click()
  await page.goto(`${address}/rooms/${council.roomId}`)
  await message.fill('')
  await page.keyboard.press('Control+v')
  expect(await message.inputValue()).toBe(key)
})
