import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Settings2 } from 'lucide-react'
import { useState } from 'react'
import type { RoomRead } from '../../../contract/rooms.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { restoreRoom } from '../deleted/restore.ts'
import { offerUndo } from '../shell/undo.ts'

/** Name, goal and the end of a room. */
export function RoomMenu({ room }: { room: RoomRead }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" className="icon-button" onClick={() => setOpen(true)} aria-label="Name and goal of this room">
        <Settings2 size={17} aria-hidden />
      </button>
      <Dialog title="This room" open={isOpen} onClose={() => setOpen(false)}>
        <RoomForm room={room} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  )
}

function RoomForm({ room, onDone }: { room: RoomRead; onDone: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState(room.name)
  const [goal, setGoal] = useState(room.goal ?? '')
  const path = { room_id: room.id }
  const save = useMutation({
    mutationFn: () => call('PATCH /rooms/{room_id}', { path, body: { name, goal: goal || null } }),
    onSuccess: async changed => {
      queryClient.setQueryData(['room', room.id], changed)
      await queryClient.invalidateQueries({ queryKey: ['rooms'] })
      onDone()
    },
  })
  const remove = useMutation({
    mutationFn: () => call('DELETE /rooms/{room_id}', { path }),
    onSuccess: async () => {
      await navigate({ to: '/' })
      await queryClient.invalidateQueries({ queryKey: ['rooms'] })
      offerUndo(`Room “${room.name}” is deleted.`, async () => {
        await restoreRoom(room.id)
        await navigate({ to: '/rooms/$roomId', params: { roomId: room.id }, search: {} })
      })
    },
  })
  const problem = save.error ?? remove.error
  return (
    <form
      className="stack"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {problem && <Notice tone="bad">{problem.message} Try again.</Notice>}
      <Field label="Name">
        {ids => <input {...ids} className="input" required maxLength={200} value={name} onChange={event => setName(event.target.value)} />}
      </Field>
      <Field label="Goal" hint="Every agent of the room is told it.">
        {ids => <textarea {...ids} className="input" value={goal} onChange={event => setGoal(event.target.value)} />}
      </Field>
      <div className="row">
        <button type="submit" className="button main" disabled={save.isPending}>
          Save
        </button>
        <button type="button" className="button danger push" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete the room
        </button>
      </div>
      <p className="tiny faint">A deleted room can be brought back for 7 days, with its sessions and files.</p>
    </form>
  )
}
