import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { newCouncil } from '../test/council.ts'
import { startWorker } from '../test/files/file-program.ts'
import { useStage } from './stage.ts'

const environment = { PANTHEON_DATA_DIR: mkdtempSync(path.join(tmpdir(), 'pantheon-page-files-')) }
const stage = await useStage({ withDemo: true, environment })
const worker = await startWorker({ DATABASE_URL: stage.databaseUrl, ...environment })
afterAll(async () => {
  await worker.stop()
  rmSync(environment.PANTHEON_DATA_DIR, { recursive: true, force: true })
})

test('a file is uploaded, read, used by an agent, looked at and deleted', async () => {
  const { page, client } = await stage.visitor('ann')
  const council = await newCouncil(client, 'roundtable', [{ key: 'reader', name: 'Reader', tools: ['file_read'] }])
  await page.goto(`/rooms/${council.roomId}`)
  const upload = page.locator('aside').getByLabel('Files to upload')
  await upload.setInputFiles({ name: 'prices.csv', mimeType: 'text/csv', buffer: Buffer.from('seat,price\nclinic,41\n') })
  await page.locator('aside .file').getByText('read', { exact: true }).waitFor()

  await page.getByLabel('Your message').fill('What does the uploaded file say?')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.locator('.tool[data-status=success]').getByText('Read file').waitFor()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()

  await page.locator('aside').getByRole('button', { name: 'prices.csv', exact: true }).click()
  await page.getByRole('dialog', { name: 'prices.csv' }).getByText('clinic').waitFor()
  await page.keyboard.press('Escape')

  await upload.setInputFiles({ name: 'fake.pdf', mimeType: 'application/pdf', buffer: Buffer.from('no pdf at all') })
  await page
    .locator('aside')
    .getByText(/fake\.pdf: .*upload it again/)
    .waitFor()
  expect(await page.locator('aside .file').count()).toBe(1)

  await page.locator('aside').getByRole('button', { name: 'Delete prices.csv' }).click()
  await expect.poll(() => page.locator('aside .file').count()).toBe(0)
})
