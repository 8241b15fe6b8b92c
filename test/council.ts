import { expect } from 'vitest'
import type { Client } from './program.ts'

// Rooms and sessions as tests need them, made through the front door.

export interface Council {
  roomId: string
  sessionId: string
  /** By key. */
  agents: Record<string, string>
  /** Path of the session's turns. */
  turns: string
}

export interface AgentWish {
  key: string
  name?: string
  model?: string
  role?: string
  tools?: string[]
}

export async function newAgent(client: Client, { key, name = key, model = 'deepseek', role = '', tools = [] }: AgentWish): Promise<string> {
  const made = await client.post('/agents', { agent_key: key, name, model_alias: model, role_prompt: role, tool_permissions: tools })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return made.body.id
}

/** A room with its agents in the order given, and one session in it. */
export async function newCouncil(client: Client, mode: string, agents: AgentWish[], goal: string | null = null): Promise<Council> {
  const room = await client.post('/rooms', { name: 'Council', goal, current_mode: mode })
  expect(room.status, JSON.stringify(room.body)).toBe(201)
  const ids: Record<string, string> = {}
  for (const agent of agents) {
    ids[agent.key] = await newAgent(client, agent)
    const assigned = await client.post(`/rooms/${room.body.id}/agents`, { agent_id: ids[agent.key] })
    expect(assigned.status, JSON.stringify(assigned.body)).toBe(201)
  }
  const session = await client.post(`/rooms/${room.body.id}/sessions`)
  return { roomId: room.body.id, sessionId: session.body.id, agents: ids, turns: `/sessions/${session.body.id}/turns` }
}

/** A session with a single agent. */
export async function newDirectChat(client: Client, agent: AgentWish): Promise<{ agentId: string; sessionId: string; turns: string }> {
  const agentId = await newAgent(client, agent)
  const session = await client.post(`/agents/${agentId}/sessions`)
  expect(session.status).toBe(201)
  return { agentId, sessionId: session.body.id, turns: `/sessions/${session.body.id}/turns` }
}
