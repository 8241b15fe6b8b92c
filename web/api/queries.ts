import { QueryClient, queryOptions } from '@tanstack/react-query'
import { call } from './client.ts'
import { ApiProblem } from './problem.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && error instanceof ApiProblem && (error.status === 0 || error.status === 503),
    },
  },
})

const MINUTE = 60_000

export const authConfig = queryOptions({ queryKey: ['auth-config'], queryFn: () => call('GET /auth/config', {}), staleTime: MINUTE })
export const me = queryOptions({ queryKey: ['me'], queryFn: () => call('GET /auth/me', {}), staleTime: MINUTE })
export const models = queryOptions({ queryKey: ['models'], queryFn: () => call('GET /models', {}), staleTime: MINUTE })
export const wallet = queryOptions({ queryKey: ['wallet'], queryFn: () => call('GET /users/me/wallet', {}) })
export const rooms = queryOptions({ queryKey: ['rooms'], queryFn: () => call('GET /rooms', {}) })
export const agents = queryOptions({ queryKey: ['agents'], queryFn: () => call('GET /agents', { query: { limit: 200 } }) })

export const room = (roomId: string) =>
  queryOptions({ queryKey: ['room', roomId], queryFn: () => call('GET /rooms/{room_id}', { path: { room_id: roomId } }) })
export const roster = (roomId: string) =>
  queryOptions({ queryKey: ['roster', roomId], queryFn: () => call('GET /rooms/{room_id}/agents', { path: { room_id: roomId } }) })
export const roomSessions = (roomId: string) =>
  queryOptions({
    queryKey: ['room-sessions', roomId],
    queryFn: () => call('GET /rooms/{room_id}/sessions', { path: { room_id: roomId } }),
  })
export const agent = (agentId: string) =>
  queryOptions({ queryKey: ['agent', agentId], queryFn: () => call('GET /agents/{agent_id}', { path: { agent_id: agentId } }) })
export const agentSessions = (agentId: string) =>
  queryOptions({
    queryKey: ['agent-sessions', agentId],
    queryFn: () => call('GET /agents/{agent_id}/sessions', { path: { agent_id: agentId } }),
  })
export const session = (sessionId: string) =>
  queryOptions({
    queryKey: ['session', sessionId],
    queryFn: () => call('GET /sessions/{session_id}', { path: { session_id: sessionId } }),
  })
export const turnDetail = (sessionId: string, turnId: string) =>
  queryOptions({
    queryKey: ['turn', sessionId, turnId],
    queryFn: () => call('GET /sessions/{session_id}/turns/{turn_id}', { path: { session_id: sessionId, turn_id: turnId } }),
    // A closed turn never changes.
    staleTime: Number.POSITIVE_INFINITY,
  })
