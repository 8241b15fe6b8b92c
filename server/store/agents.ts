import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { AgentCreate, AgentPage, AgentRead, AgentUpdate, ListedAgentRead } from '../../contract/agents.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Database, violatedConstraint } from './database.ts'

export const agentColumns = [
  'agents.id',
  'agents.owner_user_id',
  'agents.agent_key',
  'agents.name',
  'agents.model_alias',
  'agents.role_prompt',
  'agents.tool_permissions',
  'agents.created_at',
  'agents.updated_at',
] as const

export async function insertAgent(database: Database, ownerUserId: string, agent: AgentCreate): Promise<AgentRead> {
  const row = await database.kysely
    .insertInto('agents')
    .values({ ...agent, id: uuidv7(), owner_user_id: ownerUserId, tool_permissions: JSON.stringify(agent.tool_permissions) })
    .returning(agentColumns)
    .executeTakeFirstOrThrow()
    .catch(refuseDuplicateKey(agent.agent_key))
  return row as AgentRead
}

export async function pageOfAgents(database: Database, ownerUserId: string, page: { limit: number; offset: number }): Promise<AgentPage> {
  const own = database.kysely.selectFrom('agents').where('owner_user_id', '=', ownerUserId).where('deleted_at', 'is', null)
  const [agents, counted] = await Promise.all([
    own.select(agentColumns).orderBy('created_at', 'desc').orderBy('id', 'desc').limit(page.limit).offset(page.offset).execute(),
    own.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { agents: agents as AgentRead[], total: counted.total }
}

/** Those deleted at most so many days ago, the newest deletion first. */
export async function pageOfDeletedAgents(
  database: Database,
  ownerUserId: string,
  days: number,
  page: { limit: number; offset: number },
): Promise<AgentPage> {
  const deleted = database.kysely
    .selectFrom('agents')
    .where('owner_user_id', '=', ownerUserId)
    .where('deleted_at', '>', sql<string>`now() - make_interval(days => ${days})`)
  const ordered = deleted
    .select([...agentColumns, 'agents.deleted_at'])
    .orderBy('deleted_at', 'desc')
    .orderBy('id', 'desc')
  const [agents, counted] = await Promise.all([
    ordered.limit(page.limit).offset(page.offset).execute(),
    deleted.select(count => count.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
  ])
  return { agents: agents as ListedAgentRead[], total: counted.total }
}

export async function updateAgent(database: Database, agentId: string, changes: AgentUpdate): Promise<AgentRead> {
  const { tool_permissions, ...plain } = changes
  const row = await database.kysely
    .updateTable('agents')
    .set({ ...plain, ...(tool_permissions && { tool_permissions: JSON.stringify(tool_permissions) }), updated_at: sql`now()` })
    .where('id', '=', agentId)
    .returning(agentColumns)
    .executeTakeFirstOrThrow()
    .catch(refuseDuplicateKey(changes.agent_key ?? ''))
  return row as AgentRead
}

/** Its rosters are another matter (room-agents.ts). */
export async function softDeleteAgent(database: Database, agentId: string): Promise<void> {
  await database.kysely.updateTable('agents').set({ deleted_at: sql`now()` }).where('id', '=', agentId).execute()
}

/** Brings a deleted agent back; one that is not deleted stays as it is. Its key may be taken meanwhile: 409. */
export async function restoreAgent(database: Database, agent: AgentRead): Promise<AgentRead> {
  const row = await database.kysely
    .updateTable('agents')
    .set({ deleted_at: null })
    .where('id', '=', agent.id)
    .where('deleted_at', 'is not', null)
    .returning(agentColumns)
    .executeTakeFirst()
    .catch(refuseDuplicateKey(agent.agent_key))
  return (row as AgentRead | undefined) ?? agent
}

const refuseDuplicateKey =
  (key: string) =>
  (error: unknown): never => {
    if (violatedConstraint(error) !== 'agents_key') throw error
    throw new Refusal('conflict', `You already have an agent with the key "${key}".`)
  }
