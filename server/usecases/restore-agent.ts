import type { AgentRead } from '../../contract/agents.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { RESTORE_DAYS } from '../domain/retention.ts'
import { restoreAgent as bringBack } from '../store/agents.ts'
import type { Database } from '../store/database.ts'

export async function restoreAgent(deps: { database: Database }, caller: Caller, agentId: string): Promise<AgentRead> {
  const agent = await bringBack(deps.database, caller.userId, agentId, RESTORE_DAYS)
  if (!agent) throw notFound('Agent')
  return agent
}
