import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Loading, Notice } from '../../ui/notice.tsx'
import { ScreenHead } from '../shell/screen-head.tsx'
import { DeletedRow } from './deleted-row.tsx'
import { restoreAgent, restoreRoom } from './restore.ts'

/** Rooms and agents that can still be brought back. Sessions are found where they were, in their room or with their agent. */
export function DeletedScreen() {
  return (
    <main className="screen" id="content">
      <ScreenHead title="Recently deleted" about="Kept for 7 days, then gone for good" />
      <div className="scroll">
        <div className="form-column sections">
          <DeletedRooms />
          <DeletedAgents />
          <p className="small muted">
            Deleted sessions are found where they were: in their room or with their agent, under Sessions. They come back with a deleted
            room or agent by themselves.
          </p>
        </div>
      </div>
    </main>
  )
}

function DeletedRooms() {
  const navigate = useNavigate()
  const { data, error } = useQuery({ queryKey: ['rooms', 'deleted'], queryFn: () => call('GET /rooms', { query: { deleted: 'true' } }) })
  const restore = useMutation({
    mutationFn: restoreRoom,
    onSuccess: room => navigate({ to: '/rooms/$roomId', params: { roomId: room.id }, search: {} }),
  })
  const problem = error ?? restore.error
  return (
    <section className="section" aria-labelledby="deleted-rooms">
      <h2 id="deleted-rooms">Rooms</h2>
      {problem && <Notice tone="bad">{problem.message} Reload the page to try again.</Notice>}
      {!data && !error && <Loading what="deleted rooms" />}
      {data?.length === 0 && <p className="small muted">No room was deleted in the last 7 days.</p>}
      <ul className="plain">
        {data?.map(room => (
          <DeletedRow
            key={room.id}
            name={room.name}
            deletedAt={room.deleted_at}
            isBusy={restore.isPending}
            onRestore={() => restore.mutate(room.id)}
          />
        ))}
      </ul>
    </section>
  )
}

function DeletedAgents() {
  const { data, error } = useQuery({
    queryKey: ['agents', 'deleted'],
    queryFn: () => call('GET /agents', { query: { deleted: 'true', limit: 200 } }),
  })
  const restore = useMutation({
    mutationFn: restoreAgent,
    onError: () => queryClient.invalidateQueries({ queryKey: ['agents'] }),
  })
  const problem = error ?? restore.error
  return (
    <section className="section" aria-labelledby="deleted-agents">
      <h2 id="deleted-agents">Agents</h2>
      {problem && <Notice tone="bad">{problem.message} Give the other one another key, then try again.</Notice>}
      {restore.data && (
        <Notice tone="ok">
          {restore.data.name} is back, with its sessions. Its seats in rooms were given up: add it again where it should speak.
        </Notice>
      )}
      {!data && !error && <Loading what="deleted agents" />}
      {data?.total === 0 && <p className="small muted">No agent was deleted in the last 7 days.</p>}
      <ul className="plain">
        {data?.agents.map(agent => (
          <DeletedRow
            key={agent.id}
            name={agent.name}
            about={`@${agent.agent_key}`}
            deletedAt={agent.deleted_at}
            isBusy={restore.isPending}
            onRestore={() => restore.mutate(agent.id)}
          />
        ))}
      </ul>
    </section>
  )
}
