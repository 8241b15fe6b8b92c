import { expect, test } from 'vitest'
import { newAgent } from '../test/council.ts'
import { DESKTOP, useStage, WIDTHS } from './stage.ts'

const stage = await useStage({ withDemo: true })

const ASKED = [
  '/api/auth/token',
  '/api/v1/agents',
  '/api/v1/auth/config',
  '/api/v1/auth/me',
  '/api/v1/models',
  '/api/v1/rooms',
  '/api/v1/users/me/wallet',
]

test.for(WIDTHS)(
  'the home page asks for each thing once, before its script has come, however many rooms it shows, at %s',
  async ([, viewport]) => {
    const { page, client } = await stage.seat('ann', viewport)
    if ((await client.get('/rooms')).body.length === 0) {
      const agent = await newAgent(client, { key: 'market', name: 'Market analyst' })
      for (const name of ['One', 'Two', 'Three']) {
        const room = await client.post('/rooms', { name })
        await client.post(`/rooms/${room.body.id}/agents`, { agent_id: agent })
      }
    }
    const asked: string[] = []
    page.on('request', request => {
      const { pathname } = new URL(request.url())
      if (pathname.startsWith('/api/')) asked.push(pathname)
    })
    // The script comes when all has been answered: whatever it asked for itself would come after that.
    const script = Promise.withResolvers<void>()
    await page.route('**/assets/index-*.js', async route => {
      await script.promise
      await route.continue()
    })
    await page.goto('/', { waitUntil: 'commit' })
    await expect.poll(() => asked.toSorted()).toEqual(ASKED)
    script.resolve()
    await page.getByRole('list', { name: 'Rooms' }).getByText('MA').nth(2).waitFor()
    await page.waitForLoadState('networkidle')
    expect(asked.toSorted()).toEqual(ASKED)
  },
)

test('whoever is signed out asks for no more than that, and comes to the sign-in', async () => {
  const { page } = await stage.open({ viewport: DESKTOP })
  const asked: string[] = []
  page.on('request', request => request.url().includes('/api/') && asked.push(new URL(request.url()).pathname))
  await page.goto('/')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(asked.filter(path => path !== '/api/auth/token' && path !== '/api/v1/auth/config')).toEqual([])
})
