import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { startWorker } from '../test/files/file-program.ts'
import { sideOf, useStage, WIDTHS } from './stage.ts'

const environment = { PANTHEON_DATA_DIR: mkdtempSync(path.join(tmpdir(), 'pantheon-page-files-')) }
const stage = await useStage({ withDemo: true, environment })
const worker = await startWorker({ DATABASE_URL: stage.databaseUrl, ...environment })
afterAll(async () => {
  await worker.stop()
  rmSync(environment.PANTHEON_DATA_DIR, { recursive: true, force: true })
})

test.for(WIDTHS)('a file is uploaded, read, used by an agent, looked at and deleted, at %s', async ([, viewport]) => {
  const { page, client } = await stage.seat('ann', viewport)
  const council = await newCouncil(client, 'roundtable', [{ key: `reader-${viewport.width}`, name: 'Reader', tools: ['file_read'] }])
  await page.goto(`/rooms/${council.roomId}`)
  await page.getByLabel('Your message').waitFor()
  const side = await sideOf(page)
  const upload = side.getByLabel('Files to upload')
  await upload.setInputFiles({ name: 'prices.csv', mimeType: 'text/csv', buffer: Buffer.from('seat,price\nclinic,41\n') })
  await side.locator('.file').getByText('read', { exact: true }).waitFor()
  await page.keyboard.press('Escape')

  await page.getByLabel('Your message').fill('What does the uploaded file say?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.tool[data-status=success]').getByText('Read file').waitFor()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()

  await sideOf(page)
  await side.getByRole('button', { name: 'prices.csv', exact: true }).click()
  await page.getByRole('dialog', { name: 'prices.csv' }).getByText('clinic').waitFor()
  await page.keyboard.press('Escape')

  await upload.setInputFiles({ name: 'fake.pdf', mimeType: 'application/pdf', buffer: Buffer.from('no pdf at all') })
  await side.getByText(/fake\.pdf: .*upload it again/).waitFor()
  expect(await side.locator('.file').count()).toBe(1)

  await side.getByRole('button', { name: 'Delete prices.csv' }).click()
  await page.getByRole('button', { name: 'Delete for good' }).last().click()
  await expect.poll(() => side.locator('.file').count()).toBe(0)
})
