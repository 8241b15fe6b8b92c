/** Takes the pictures of the README anew: `npm run pictures`. A server of its own, a scripted model, a browser. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Page } from 'playwright-core'
import { type RecordedRequest, startModelEndpoint } from '../test/model-endpoint.ts'
import { launchBrowser } from './chromium.ts'

const PICTURES = path.join(import.meta.dirname, '../docs/pictures')
const SIZE = { width: 1280, height: 860 }
const QUESTION = 'Should we launch with clinics or insurers first? Search for what is known of prices.'

const ANSWERS: Record<string, string> = {
  market:
    'Clinics decide in **weeks**, insurers in quarters. Published surveys put willingness to pay at **$41 per seat** for clinics of 5 to 20 doctors.\n\n- Clinics: 9,400 reachable, 6-week cycle\n- Insurers: 31 reachable, 9-month cycle',
  tech: 'Clinic systems speak FHIR through three vendors that cover 70 % of the market: one adapter each, about **five weeks**. Insurers want it on their own premises.\n\n| path | weeks |\n|---|---|\n| clinics | 5 |\n| insurers | 16 |',
  risk: 'Clinics bring a consent flow that they already run; insurers bring a **security audit** that we have not passed.\n\n1. Audit before the first insurer\n2. Agreement for sites with several owners',
  manager:
    '**Start with clinics.** They buy in weeks, three integrations reach most of them, and the burden of compliance is one they already carry. Use the first two quarters to build the audit trail that insurers will ask for.\n\nOpen: who signs the agreement for groups with several sites?',
}

const inPieces = (text: string): string[] => text.match(/[\s\S]{1,12}/g) ?? []

function answer({ purpose, agentKey, body }: RecordedRequest): object {
  if (purpose === 'manager_routing') {
    const assignments = [
      { agent_key: 'market', instruction: 'demand and pricing' },
      { agent_key: 'tech', instruction: 'effort of integration' },
      { agent_key: 'risk', instruction: 'exposure to compliance' },
    ]
    return { chunks: [JSON.stringify({ assignments })], usage: { fresh: 820, output: 60 } }
  }
  if (purpose === 'manager_evaluation') return { chunks: ['{"continue": false}'], usage: { fresh: 1_900, output: 8 } }
  const key = purpose === 'manager_synthesis' ? 'manager' : (agentKey ?? '')
  const asksFirst = key === 'market' && !body.messages.some(message => message.role === 'tool')
  if (asksFirst) return { toolCalls: [{ id: 'c1', name: 'search', arguments: '{"query": "clinic software price per seat survey"}' }] }
  return { chunks: inPieces(ANSWERS[key] ?? ''), betweenMs: 12, usage: { fresh: 1_400, output: 180 } }
}

/** As SearXNG answers. */
async function startSearch(): Promise<{ url: string; close(): void }> {
  const results = ['Clinic software: prices and seats', 'Survey of practices, 2026', 'What clinics pay'].map((title, at) => ({
    title,
    url: `https://example.org/${at}`,
    content: 'Practices of 5 to 20 doctors name 38 to 44 dollars a seat.',
  }))
  const server = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ results })),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

async function startServer(folder: string, modelUrl: string, searchUrl: string): Promise<{ address: string; stop(): Promise<void> }> {
  const { PATH = '', HOME = folder } = process.env
  const env = {
    PATH,
    HOME,
    PANTHEON_DATA_DIR: folder,
    PORT: '0',
    LOG_LEVEL: 'warn',
    OPENROUTER_BASE_URL: modelUrl,
    SEARXNG_BASE_URL: searchUrl,
    OUTBOUND_ALLOW_PRIVATE: 'true',
  }
  const server = spawn(process.execPath, [path.join(import.meta.dirname, '../server/main.mjs'), 'serve'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = async () => {
    server.kill('SIGTERM')
    await once(server, 'exit')
  }
  for await (const line of createInterface({ input: server.stdout })) {
    const address = /^\s+address\s+(\S+)/.exec(line)?.[1]
    if (address) return { address, stop }
  }
  throw new Error('The server did not start.')
}

async function take(page: Page, name: string): Promise<void> {
  // Fonts and the last movement.
  await page.evaluate(() => document.fonts.ready)
  await page.waitForTimeout(400)
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`) })
}

async function takeAll(page: Page, address: string): Promise<void> {
  await page.goto(address)
  await page.getByLabel('Name').fill('Ada')
  await page.getByLabel('E-mail').fill('ada@example.org')
  await page.getByLabel('Password').fill('correct horse battery')
  await take(page, '1-owner')
  await page.getByRole('button', { name: 'Make the account' }).click()
  await page.getByRole('button', { name: /^Strategy council/, disabled: false }).hover()
  await take(page, '2-templates')
  await page.getByRole('button', { name: /^Strategy council/ }).click()
  await page.getByLabel('Your message').fill(QUESTION)
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('button', { name: 'Details of turn 1' }).waitFor()
  await page.getByRole('region', { name: 'Conversation' }).evaluate(element => element.scrollTo(0, 0))
  await take(page, '3-council')
  await page.getByRole('region', { name: 'Conversation' }).evaluate(element => element.scrollTo(0, element.scrollHeight))
  await page.getByRole('button', { name: 'Use the light theme' }).click()
  await take(page, '4-synthesis-light')
}

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-pictures-'))
const endpoint = await startModelEndpoint(answer)
const search = await startSearch()
const server = await startServer(folder, endpoint.url, search.url)
const browser = await launchBrowser()
try {
  const page = await browser.newPage({ viewport: SIZE })
  await takeAll(page, server.address)
} finally {
  await browser.close()
  await server.stop()
  await endpoint.close()
  search.close()
  rmSync(folder, { recursive: true, force: true })
}
