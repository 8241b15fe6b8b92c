import { Agent, request } from 'undici'
import { bearerOf } from './bearer.ts'

// Users of the scaling bench, each in a conversation of its own.

export interface Conversation {
  path: string
  headers: Record<string, string>
}

// Readers of streams keep to themselves: one connection each.
const dispatcher = new Agent({ connections: 256, pipelining: 1 })

export async function openConversation(address: string, number: number): Promise<Conversation> {
  const headers = { authorization: `Bearer ${await bearerOf(`user-${number}`)}`, 'content-type': 'application/json' }
  const post = async (path: string, body?: unknown) => {
    const answer = await request(`${address}/api/v1${path}`, {
      method: 'POST',
      headers,
      body: body ? JSON.stringify(body) : null,
      dispatcher,
    })
    const read = (await answer.body.json()) as { id: string }
    if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${JSON.stringify(read)}`)
    return read
  }
  const agent = await post('/agents', { agent_key: 'sage', name: 'Sage', model_alias: 'deepseek' })
  const session = await post(`/agents/${agent.id}/sessions`)
  return { path: `/api/v1/sessions/${session.id}/turns/stream`, headers }
}

/** One turn, read to its end; how long it took, in milliseconds. */
export async function converse(address: string, { path, headers }: Conversation): Promise<number> {
  const begun = performance.now()
  const answer = await request(address + path, { method: 'POST', headers, body: JSON.stringify({ message: 'What now?' }), dispatcher })
  const text = await answer.body.text()
  if (!text.includes('"status":"completed"')) throw new Error(`${answer.statusCode}: ${text.slice(-300)}`)
  return performance.now() - begun
}
