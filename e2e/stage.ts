import type { BrowserContext, BrowserContextOptions, Locator, Page, ViewportSize } from 'playwright-core'
import { afterAll } from 'vitest'
import { useTestDatabase } from '../test/database.ts'
import { type ModelEndpoint, startModelEndpoint } from '../test/model-endpoint.ts'
import { type Client, createClient, startProgram } from '../test/program.ts'
import { launchBrowser } from './chromium.ts'

export const DESKTOP = { width: 1280, height: 820 }
export const PHONE = { width: 360, height: 740 }
/** Every way through the page is gone at both. */
export const WIDTHS = [
  ['1280 px', DESKTOP],
  ['360 px', PHONE],
] as const
export const PASSWORD = 'correct horse battery'

export interface Visitor {
  page: Page
  context: BrowserContext
  /** The same account by the API. */
  client: Client
}

export interface Stage {
  address: string
  databaseUrl: string
  endpoint: ModelEndpoint
  /** A browser of its own, signed out. */
  open(options?: BrowserContextOptions): Promise<{ page: Page; context: BrowserContext }>
  /** A browser signed in to an account of its own; the first one is the owner's. An address may make ten accounts a minute. */
  visitor(name: string, options?: BrowserContextOptions): Promise<Visitor>
  /** The account of that name, made once, before a screen of that size, which is a page of its own each time. */
  seat(name: string, viewport: ViewportSize): Promise<Visitor>
  /** What the pages said on their consoles as errors, and what they threw. */
  complaints: string[]
}

interface StageOptions {
  /** The built-in demo model answers instead of the scripted endpoint. */
  withDemo?: boolean
  environment?: Record<string, string>
}

/** The real program with local accounts and its built page, and a real browser in front of it. */
export async function useStage({ withDemo = false, environment = {} }: StageOptions = {}): Promise<Stage> {
  const browser = await launchBrowser()
  afterAll(() => browser.close())
  const database = await useTestDatabase()
  const endpoint = await startModelEndpoint()
  const models: Record<string, string> = withDemo ? {} : { OPENROUTER_BASE_URL: endpoint.url }
  const accounts = { SUPABASE_JWT_SECRET: '', SIGNUP: 'open' }
  const program = await startProgram({ ...accounts, DATABASE_URL: database.url, ...models, ...environment })
  const { address } = program
  const complaints: string[] = []
  const visitors = new Set<string>()
  const seated = new Map<string, Visitor>()
  afterAll(async () => {
    await program.stop()
    await endpoint.close()
  })
  const watched = (page: Page) => {
    page.on('console', message => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text())
    })
    page.on('pageerror', error => complaints.push(error.message))
    return page
  }
  const open = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ viewport: DESKTOP, baseURL: address, ...options })
    return { page: watched(await context.newPage()), context }
  }
  const stage: Stage = {
    address,
    databaseUrl: database.url,
    endpoint,
    complaints,
    open,
    async seat(name, viewport) {
      const known = seated.get(name) ?? (await stage.visitor(name))
      seated.set(name, known)
      for (const page of known.context.pages()) await page.close()
      const page = watched(await known.context.newPage())
      await page.setViewportSize(viewport)
      return { ...known, page }
    },
    async visitor(wanted, options) {
      // A test that is tried again meets its own account of before.
      const taken = visitors.has(wanted)
      visitors.add(wanted)
      const name = taken ? `${wanted}-${visitors.size}` : wanted
      if (taken) visitors.add(name)
      const { page, context } = await open(options)
      const account = { name, email: `${name}@example.org`, password: PASSWORD }
      const made = await context.request.post('/api/auth/sign-up/email', { data: account, headers: { origin: address } })
      if (!made.ok()) throw new Error(await made.text())
      const { user } = await made.json()
      const { token } = await (await context.request.get('/api/auth/token')).json()
      return { page, context, client: createClient(address, user.id, token) }
    },
  }
  return stage
}

/** What stands beside a room; on a narrow screen it is opened first. Escape closes it again. */
export async function sideOf(page: Page): Promise<Locator> {
  const opener = page.getByRole('button', { name: 'Agents, files and sessions' })
  if (!(await opener.isVisible())) return page.locator('aside')
  await opener.click()
  return page.getByRole('dialog')
}

/** The main menu; on a narrow screen it is opened first. */
export async function menuOf(page: Page): Promise<Locator> {
  const opener = page.getByRole('button', { name: 'Menu' })
  await page.getByRole('heading', { level: 1 }).waitFor()
  if (!(await opener.isVisible())) return page.getByRole('navigation', { name: 'Main' })
  await opener.click()
  return page.getByRole('dialog', { name: 'Menu' })
}

/** A script for the endpoint: the manager picks `keys` and is satisfied at once; everybody else answers by `said`. */
export const manager =
  (keys: string[], said: (agentKey: string) => object) =>
  ({ purpose, agentKey }: { purpose: string | null; agentKey: string | null }): object => {
    if (purpose === 'manager_routing') {
      const assignments = keys.map(agent_key => ({ agent_key, instruction: `Look at it as ${agent_key}` }))
      return { chunks: [JSON.stringify({ assignments })] }
    }
    if (purpose === 'manager_evaluation') return { chunks: [JSON.stringify({ continue: false })] }
    return said(purpose === 'manager_synthesis' ? 'manager' : (agentKey ?? ''))
  }
