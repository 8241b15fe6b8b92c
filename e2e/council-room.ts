import type { Page, ViewportSize } from 'playwright-core'
import { expect } from 'vitest'
import { type Council, newAgent } from '../test/council.ts'
import type { Stage, Visitor } from './stage.ts'

/** Who sits in the rooms of these tests, in speaking order. */
const TEAM = [
  { key: 'market', name: 'Market analyst' },
  { key: 'tech', name: 'Architect' },
  { key: 'risk', name: 'Risk assessor' },
]

/** Seats the team in a new room of the account of that name, and opens it on a screen of that size. Agents are made once for each account. */
export async function seated(stage: Stage, name: string, mode: string, viewport: ViewportSize): Promise<Visitor & { council: Council }> {
  const visitor = await stage.seat(name, viewport)
  const { client, page } = visitor
  const known = (await client.get('/agents')).body.agents as { id: string; agent_key: string }[]
  const agents: Record<string, string> = Object.fromEntries(known.map(agent => [agent.agent_key, agent.id]))
  const room = await client.post('/rooms', { name: 'Council', current_mode: mode })
  for (const agent of TEAM) {
    agents[agent.key] ??= await newAgent(client, agent)
    expect((await client.post(`/rooms/${room.body.id}/agents`, { agent_id: agents[agent.key] })).status).toBe(201)
  }
  const session = await client.post(`/rooms/${room.body.id}/sessions`)
  await page.goto(`/rooms/${room.body.id}`)
  await page.getByLabel('Your message').waitFor()
  const council = { roomId: room.body.id, sessionId: session.body.id, agents, turns: `/sessions/${session.body.id}/turns` }
  return { ...visitor, council }
}

export async function send(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

export const ended = (page: Page, turn = 1) => page.getByRole('button', { name: `Details of turn ${turn}` }).waitFor()
