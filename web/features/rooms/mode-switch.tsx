import { useMutation } from '@tanstack/react-query'
import type { RoomMode, RoomRead } from '../../../contract/rooms.ts'
import { call } from '../../api/client.ts'
import { queryClient } from '../../api/queries.ts'
import { modes } from './modes.ts'

/** How the next message is answered. A turn that runs keeps its mode. */
export function ModeSwitch({ room, isRunning }: { room: RoomRead; isRunning: boolean }) {
  const change = useMutation({
    mutationFn: (mode: RoomMode) => call('PATCH /rooms/{room_id}/mode', { path: { room_id: room.id }, body: { mode } }),
    onSuccess: changed => {
      queryClient.setQueryData(['room', room.id], changed)
      void queryClient.invalidateQueries({ queryKey: ['rooms'] })
      void queryClient.invalidateQueries({ queryKey: ['estimate'] })
    },
  })
  const next = (change.isPending ? change.variables : null) ?? room.pending_mode ?? room.current_mode
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out in this line */}
      <div className="segments" role="group" aria-label="Mode, applies on next send">
        {modes.map(({ mode, name, about }) => (
          <button key={mode} type="button" aria-pressed={mode === next} title={about} onClick={() => mode !== next && change.mutate(mode)}>
            {name}
          </button>
        ))}
      </div>
      {(room.pending_mode ?? (isRunning && change.isSuccess)) && (
        <span className="tiny pending-mode" role="status">
          applies on next send
        </span>
      )}
      {change.error && (
        <span className="tiny pending-mode" role="alert">
          {change.error.message} Try again.
        </span>
      )}
    </>
  )
}
