import type { AgentCreate } from '../../../contract/agents.ts'
import type { ModelRead } from '../../../contract/models.ts'
import type { RoomMode, RoomRead } from '../../../contract/rooms.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'

type TemplateAgent = Omit<AgentCreate, 'model_alias'> & { preferred: string }

export interface Template {
  key: string
  name: string
  about: string
  goal: string
  mode: RoomMode
  agents: TemplateAgent[]
}

const agent = (
  agent_key: string,
  name: string,
  preferred: string,
  role_prompt: string,
  tool_permissions: AgentCreate['tool_permissions'] = [],
): TemplateAgent => ({ agent_key, name, preferred, role_prompt, tool_permissions })

export const templates: Template[] = [
  {
    key: 'strategy',
    name: 'Strategy council',
    about: 'A manager asks the analyst, the architect, the risk assessor or the editor, and weighs what they say.',
    goal: 'Reach a decision with its reasons, its price and what would change it',
    mode: 'orchestrator',
    agents: [
      agent(
        'market',
        'Market analyst',
        'deepseek',
        'You judge demand, pricing and competition. Give figures with their source, say how sure you are, and name what would change your mind.',
        ['search', 'file_read'],
      ),
      agent(
        'tech',
        'Technical architect',
        'gpt_oss',
        'You judge what it takes to build and run: effort, dependencies, what is hard to undo. Prefer the smallest thing that could work.',
        ['file_read'],
      ),
      agent(
        'risk',
        'Risk assessor',
        'qwen',
        'You look for what could go wrong: law, security, money, people. Rank by damage times likelihood and say what would reduce it.',
        ['search', 'file_read'],
      ),
      agent(
        'editor',
        'Plain-words editor',
        'llama',
        'You turn what was found into few plain words: the decision first, then the reasons, then what is open.',
      ),
    ],
  },
  {
    key: 'review',
    name: 'Document review',
    about: 'Upload a document; a lawyer, a fact checker and an editor read it one after another.',
    goal: 'Find what is wrong, unclear or missing in the uploaded documents, with the place where it stands',
    mode: 'roundtable',
    agents: [
      agent(
        'lawyer',
        'Contract lawyer',
        'deepseek',
        'You read for obligations, liability, deadlines and what is missing. Quote the passage that you mean.',
        ['file_read'],
      ),
      agent(
        'checker',
        'Fact checker',
        'qwen',
        'You check figures, dates and claims against each other and against sources. Say what you could not check.',
        ['search', 'file_read'],
      ),
      agent(
        'editor',
        'Plain-words editor',
        'llama',
        'You turn what was found into few plain words: the decision first, then the reasons, then what is open.',
      ),
    ],
  },
  {
    key: 'digest',
    name: 'Research digest',
    about: 'A scout finds sources, a methodologist weighs them, a writer digests them.',
    goal: 'A short digest of what is known, how well, and where to read on',
    mode: 'roundtable',
    agents: [
      agent(
        'scout',
        'Source scout',
        'deepseek',
        'You find the sources that matter and say in one line each what they add. Prefer primary ones.',
        ['search', 'file_read'],
      ),
      agent(
        'method',
        'Methodologist',
        'qwen',
        'You weigh evidence: sample, method, bias, what was replicated. Say what the sources cannot show.',
        ['file_read'],
      ),
      agent(
        'writer',
        'Digest writer',
        'llama',
        'You write the digest: what is known, how sure that is, what is disputed, where to read on.',
      ),
    ],
  },
  {
    key: 'red-team',
    name: 'Red team',
    about: 'Show a plan to an attacker, a sceptic and a defender; you choose with @ who answers.',
    goal: 'Break the plan before somebody else does',
    mode: 'manual',
    agents: [
      agent(
        'attacker',
        'Attacker',
        'deepseek',
        'You look for the way in: how the plan could be abused, gamed or broken by somebody who wants to. Be concrete.',
      ),
      agent('sceptic', 'Sceptic', 'qwen', 'You doubt the premises: what is assumed without evidence, and what if it is false.'),
      agent('defender', 'Defender', 'gpt_oss', 'You answer attacks with the cheapest measure that holds, and say what remains.'),
    ],
  },
]

/** Makes the room with its agents and a first session. An agent whose key exists already is used as it is. */
export async function startTemplate(template: Template, models: readonly ModelRead[]): Promise<{ room: RoomRead; sessionId: string }> {
  const { agents: own } = await call('GET /agents', { query: { limit: 200 } })
  const known = new Map(own.map(each => [each.agent_key.toLowerCase(), each.id]))
  const agentIds = await Promise.all(template.agents.map(async each => known.get(each.agent_key) ?? makeAgent(each, models)))
  const room = await call('POST /rooms', { body: { name: template.name, goal: template.goal, current_mode: template.mode } })
  for (const agent_id of agentIds) await call('POST /rooms/{room_id}/agents', { path: { room_id: room.id }, body: { agent_id } })
  const session = await call('POST /rooms/{room_id}/sessions', { path: { room_id: room.id }, body: {} })
  await Promise.all(['rooms', 'agents'].map(key => queryClient.invalidateQueries({ queryKey: [key] })))
  return { room, sessionId: session.id }
}

async function makeAgent({ preferred, ...body }: TemplateAgent, models: readonly ModelRead[]): Promise<string> {
  const alias = models.find(model => model.alias === preferred)?.alias ?? models[0]?.alias ?? preferred
  const made = await call('POST /agents', { body: { ...body, model_alias: alias } })
  return made.id
}
