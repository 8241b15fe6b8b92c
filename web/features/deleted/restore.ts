import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'

const refresh = (...keys: string[]) => Promise.all(keys.map(key => queryClient.invalidateQueries({ queryKey: [key] })))

export async function restoreRoom(room_id: string) {
  const room = await call('POST /rooms/{room_id}/restore', { path: { room_id } })
  await refresh('rooms', 'room', 'room-sessions')
  return room
}

export async function restoreAgent(agent_id: string) {
  const agent = await call('POST /agents/{agent_id}/restore', { path: { agent_id } })
  await refresh('agents', 'agent', 'agent-sessions')
  return agent
}
