import { existsSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'

/** Stands for an address of a local network: pages that come from there by plain HTTP are given no secure context. */
export const PLAIN_HOST = 'office.example'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The browser of this machine, found on PATH. */
export async function launchBrowser(): Promise<Browser> {
  const folders = (process.env.PATH ?? '').split(path.delimiter)
  const executablePath = NAMES.flatMap(name => folders.map(folder => path.join(folder, name))).find(existsSync)
  if (!executablePath) throw new Error(`no browser on PATH; install one of: ${NAMES.join(', ')}`)
  return await chromium.launch({ executablePath, args: ['--no-sandbox', `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`] })
}
