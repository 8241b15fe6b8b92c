import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { AgentRead } from '../../../contract/agents.ts'
import { call } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import { agent as agentQuery, queryClient } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { restoreAgent } from '../deleted/restore.ts'
import { Failed } from '../shell/failed.tsx'
import { NotHere } from '../shell/lost.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { offerUndo } from '../shell/undo.ts'
import { AgentForm, type AgentValues } from './agent-form.tsx'

const refresh = () => Promise.all(['agents', 'roster', 'agent', 'rooms'].map(key => queryClient.invalidateQueries({ queryKey: [key] })))

export function NewAgentScreen() {
  const navigate = useNavigate()
  const { room } = useSearch({ from: '/signed-in/agents/new' })
  const make = useMutation({
    mutationFn: async (values: AgentValues) => {
      const made = await call('POST /agents', { body: values })
      if (room) await call('POST /rooms/{room_id}/agents', { path: { room_id: room }, body: { agent_id: made.id } })
      return made
    },
    onSuccess: async made => {
      await refresh()
      if (room) await navigate({ to: '/rooms/$roomId', params: { roomId: room }, search: {} })
      else await navigate({ to: '/agents/$agentId/chat', params: { agentId: made.id }, search: {} })
    },
  })
  return (
    <main className="screen" id="content">
      <ScreenHead title="New agent" />
      <div className="scroll">
        <div className="form-column">
          <AgentForm start={null} problem={make.error && asProblem(make.error)} isBusy={make.isPending} onSave={make.mutate} />
        </div>
      </div>
    </main>
  )
}

export function AgentScreen() {
  const { agentId } = useParams({ from: '/signed-in/agents/$agentId' })
  const { data, error, refetch } = useQuery(agentQuery(agentId))
  if (error && asProblem(error).status === 404) return <NotHere />
  if (error && !data) return <Failed title="Agent" error={error} onRetry={() => refetch()} />
  if (!data) return <Loading what="the agent" />
  return <EditAgent key={data.id} agent={data} />
}

function EditAgent({ agent }: { agent: AgentRead }) {
  const navigate = useNavigate()
  const path = { agent_id: agent.id }
  const save = useMutation({
    mutationFn: (values: AgentValues) => call('PATCH /agents/{agent_id}', { path, body: values }),
    onSuccess: async saved => {
      queryClient.setQueryData(['agent', agent.id], saved)
      await refresh()
    },
  })
  const remove = useMutation({
    mutationFn: () => call('DELETE /agents/{agent_id}', { path }),
    onSuccess: async () => {
      await navigate({ to: '/agents' })
      await refresh()
      offerUndo(`Agent “${agent.name}” is deleted, and has left its rooms.`, async () => {
        await restoreAgent(agent.id)
        await navigate({ to: '/agents/$agentId', params: { agentId: agent.id } })
      })
    },
  })
  const problem = save.error ?? remove.error
  return (
    <main className="screen" id="content">
      <ScreenHead title={agent.name} about={`@${agent.agent_key}`}>
        <Link to="/agents/$agentId/chat" params={{ agentId: agent.id }} search={{}} className="button">
          Try it
        </Link>
      </ScreenHead>
      <div className="scroll">
        <div className="form-column">
          {save.isSuccess && <Notice tone="ok">Saved. It holds from the next turn on.</Notice>}
          <AgentForm
            start={agent}
            problem={problem && asProblem(problem)}
            isBusy={save.isPending}
            onSave={save.mutate}
            onDelete={() => remove.mutate()}
          />
        </div>
      </div>
    </main>
  )
}
