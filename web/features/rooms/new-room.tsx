import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { RoomMode } from '../../../contract/rooms.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Field } from '../../ui/field.tsx'
import { Notice } from '../../ui/notice.tsx'
import { modes } from './modes.ts'

export function NewRoom({ open, onClose }: { open: boolean; onClose: () => void }) {
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [goal, setGoal] = useState('')
  const [mode, setMode] = useState<RoomMode>('orchestrator')
  const make = useMutation({
    mutationFn: () => call('POST /rooms', { body: { name, goal: goal || null, current_mode: mode } }),
    onSuccess: async room => {
      await queryClient.invalidateQueries({ queryKey: ['rooms'] })
      onClose()
      await navigate({ to: '/rooms/$roomId', params: { roomId: room.id } })
    },
  })
  return (
    <Dialog title="New room" open={open} onClose={onClose}>
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault()
          make.mutate()
        }}
      >
        {make.error && <Notice tone="bad">{make.error.message}</Notice>}
        <Field label="Name">
          {ids => (
            <input {...ids} className="input" required maxLength={200} value={name} onChange={event => setName(event.target.value)} />
          )}
        </Field>
        <Field label="Goal" hint="Every agent of the room is told it.">
          {ids => <textarea {...ids} className="input" value={goal} onChange={event => setGoal(event.target.value)} />}
        </Field>
        <fieldset className="choices">
          <legend className="field-label">How it answers</legend>
          {modes.map(each => (
            <label key={each.mode} className="tick">
              <input type="radio" name="mode" checked={mode === each.mode} onChange={() => setMode(each.mode)} />
              <span>
                {each.name}
                <br />
                <span className="muted">{each.about}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <button type="submit" className="button main" disabled={make.isPending}>
          Make the room
        </button>
      </form>
    </Dialog>
  )
}
