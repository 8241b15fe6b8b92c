import { z } from 'zod'
import { ModelAlias } from './models.ts'
import { deletionTime, optionalText, requiredText, Time } from './values.ts'

export const toolNames = ['search', 'file_read'] as const
export type ToolName = (typeof toolNames)[number]

const agentKey = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -')
  // The synthesis of an orchestrated turn is stored under it.
  .refine(key => key.toLowerCase() !== 'manager', 'is the key of the manager itself')
const rolePrompt = optionalText(100_000)
const toolPermissions = z.array(z.enum(toolNames)).refine(tools => new Set(tools).size === tools.length, 'names a tool twice')

export const AgentCreate = z
  .strictObject({
    agent_key: agentKey,
    name: requiredText(120),
    model_alias: ModelAlias,
    role_prompt: rolePrompt.default(''),
    tool_permissions: toolPermissions.default([]),
  })
  .meta({ id: 'AgentCreate' })
export type AgentCreate = z.infer<typeof AgentCreate>

export const AgentUpdate = z
  .strictObject({
    agent_key: agentKey.optional(),
    name: requiredText(120).optional(),
    model_alias: ModelAlias.optional(),
    role_prompt: rolePrompt.optional(),
    tool_permissions: toolPermissions.optional(),
  })
  .meta({ id: 'AgentUpdate' })
export type AgentUpdate = z.infer<typeof AgentUpdate>

export const AgentRead = z
  .object({
    id: z.uuid(),
    owner_user_id: z.string(),
    agent_key: z.string(),
    name: z.string(),
    model_alias: z.string(),
    role_prompt: z.string(),
    tool_permissions: z.array(z.string()),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'Agent' })
export type AgentRead = z.infer<typeof AgentRead>

export const ListedAgentRead = AgentRead.extend(deletionTime).meta({ id: 'ListedAgent' })
export type ListedAgentRead = z.infer<typeof ListedAgentRead>

export const AgentPage = z.object({ agents: z.array(ListedAgentRead), total: z.int() }).meta({ id: 'AgentPage' })
export type AgentPage = z.infer<typeof AgentPage>
