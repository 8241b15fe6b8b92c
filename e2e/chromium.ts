import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll } from 'vitest'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The browser of this machine, found on PATH; closed after the file's last test. */
export async function useBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const executablePath = NAMES.flatMap(name => folders.map(folder => path.join(folder, name))).find(existsSync)
  if (!executablePath) throw new Error(`no browser on PATH; install one of: ${NAMES.join(', ')}`)
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  afterAll(() => browser.close())
  return browser
}
