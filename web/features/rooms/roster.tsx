import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { GripVertical, Plus, X } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import type { RoomAgentRead } from '../../../contract/rooms.ts'
import { call } from '../../api/client.ts'
import { agents as agentsQuery, queryClient, rooms, roster } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Seal } from '../../ui/seal.tsx'
import { useSpeakers } from '../chat/speakers.tsx'
import { offerUndo } from '../shell/undo.ts'

const toolWords: Record<string, string> = { search: 'search', file_read: 'files' }

const refreshRoster = (roomId: string) =>
  Promise.all([roster(roomId).queryKey, rooms.queryKey].map(queryKey => queryClient.invalidateQueries({ queryKey })))

/** Who speaks, in order. Drag a grip, or focus it and use the arrow keys. */
export function Roster({ roomId, members }: { roomId: string; members: RoomAgentRead[] }) {
  const [isAdding, setAdding] = useState(false)
  const [dragged, setDragged] = useState<string | null>(null)
  const [over, setOver] = useState<string | null>(null)
  const [said, setSaid] = useState('')
  const { order, remove } = useRosterChanges(roomId)
  const problem = order.error ?? remove.error

  const move = (agentId: string, to: number) => {
    const from = members.findIndex(member => member.agent_id === agentId)
    const moved = members[from]
    if (!moved || to < 0 || to >= members.length || to === from) return
    order.mutate(members.toSpliced(from, 1).toSpliced(to, 0, moved))
    setSaid(`${moved.agent.name} is now number ${to + 1} of ${members.length}.`)
  }
  const onKeyDown = (event: KeyboardEvent, agentId: string, at: number) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (!step) return
    event.preventDefault()
    move(agentId, at + step)
  }
  return (
    <section aria-labelledby="speaking-order">
      <div className="section-head">
        <h2 id="speaking-order">Speaking order</h2>
        <button type="button" className="icon-button small" onClick={() => setAdding(true)} aria-label="Add an agent to this room">
          <Plus size={15} aria-hidden />
        </button>
      </div>
      {problem && <Notice tone="bad">{problem.message} Try again.</Notice>}
      <ol className="plain">
        {members.map(({ agent, agent_id }, at) => (
          <li
            key={agent_id}
            className={over === agent_id && dragged !== agent_id ? 'member over' : 'member'}
            draggable
            onDragStart={event => {
              event.dataTransfer.effectAllowed = 'move'
              setDragged(agent_id)
            }}
            onDragOver={event => {
              event.preventDefault()
              setOver(agent_id)
            }}
            onDrop={event => {
              event.preventDefault()
              if (dragged) move(dragged, at)
            }}
            onDragEnd={() => {
              setDragged(null)
              setOver(null)
            }}
          >
            <button
              type="button"
              className="grip"
              aria-label={`Move ${agent.name}, number ${at + 1} of ${members.length}, with the up and down arrow keys`}
              onKeyDown={event => onKeyDown(event, agent_id, at)}
            >
              <GripVertical size={13} aria-hidden />
            </button>
            <RosterSeal name={agent.name} agentKey={agent.agent_key} />
            <span className="small">
              <Link to="/agents/$agentId" params={{ agentId: agent_id }}>
                {agent.name}
              </Link>
              <br />
              <span className="tiny faint">
                @{agent.agent_key}
                {agent.tool_permissions.length > 0 && ` · ${agent.tool_permissions.map(tool => toolWords[tool] ?? tool).join(', ')}`}
              </span>
            </span>
            <button
              type="button"
              className="icon-button small"
              aria-label={`Take ${agent.name} out of this room`}
              onClick={() => remove.mutate(members[at]!)}
            >
              <X size={13} aria-hidden />
            </button>
          </li>
        ))}
      </ol>
      {members.length === 0 && <p className="small faint pad">Nobody yet. Add an agent.</p>}
      <div className="heard-only" aria-live="polite">
        {said}
      </div>
      <AddAgent roomId={roomId} members={members} open={isAdding} onClose={() => setAdding(false)} />
    </section>
  )
}

function RosterSeal({ name, agentKey }: { name: string; agentKey: string }) {
  const { voiceOf } = useSpeakers()
  return <Seal name={name} voice={voiceOf(agentKey)} />
}

/** What is moved moves at once; when the server refuses, the server's order comes back. */
function useRosterChanges(roomId: string) {
  const { queryKey } = roster(roomId)
  const refresh = () => refreshRoster(roomId)
  const order = useMutation({
    mutationFn: (next: RoomAgentRead[]) =>
      call('PUT /rooms/{room_id}/agents/order', { path: { room_id: roomId }, body: { agent_ids: next.map(each => each.agent_id) } }),
    onMutate: next => queryClient.setQueryData(queryKey, next),
    onSettled: refresh,
  })
  const remove = useMutation({
    mutationFn: ({ agent_id }: RoomAgentRead) => call('DELETE /rooms/{room_id}/agents/{agent_id}', { path: { room_id: roomId, agent_id } }),
    onSuccess: (_, { agent, agent_id, position }) =>
      offerUndo(`${agent.name} has left the room.`, async () => {
        await call('POST /rooms/{room_id}/agents', { path: { room_id: roomId }, body: { agent_id, position } })
        await refresh()
      }),
    onSettled: refresh,
  })
  return { order, remove }
}

interface AddAgentProps {
  roomId: string
  members: RoomAgentRead[]
  open: boolean
  onClose: () => void
}

function AddAgent({ roomId, members, open, onClose }: AddAgentProps) {
  const { data } = useQuery({ ...agentsQuery, enabled: open })
  const seated = new Set(members.map(member => member.agent_id))
  const others = data?.agents.filter(agent => !seated.has(agent.id)) ?? []
  const add = useMutation({
    mutationFn: (agent_id: string) => call('POST /rooms/{room_id}/agents', { path: { room_id: roomId }, body: { agent_id } }),
    onSettled: () => refreshRoster(roomId),
  })
  return (
    <Dialog title="Add an agent" open={open} onClose={onClose}>
      <div className="stack">
        {add.error && <Notice tone="bad">{add.error.message} Try again.</Notice>}
        {data && others.length === 0 && <p className="muted">All of your agents are in this room.</p>}
        <ul className="plain">
          {others.map(agent => (
            <li key={agent.id} className="row spread">
              <span className="small">
                {agent.name} <span className="tiny faint">@{agent.agent_key}</span>
              </span>
              <button
                type="button"
                className="button"
                disabled={add.isPending}
                onClick={() => add.mutate(agent.id)}
                aria-label={`Add ${agent.name}`}
              >
                Add
              </button>
            </li>
          ))}
        </ul>
        <Link to="/agents/new" search={{ room: roomId }} className="button main">
          Make a new agent
        </Link>
      </div>
    </Dialog>
  )
}
