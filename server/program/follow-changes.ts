import type { RunningTurns } from '../live/running-turns.ts'
import type { ChangeSignal } from '../store/change-signal.ts'
import type { AuthenticationDependencies } from '../usecases/authenticate.ts'

/** What is remembered of callers and what runs for them follows the rows that others change. */
export function followChanges(
  changes: ChangeSignal,
  { users, apiKeys }: AuthenticationDependencies,
  runningTurns: RunningTurns,
  renewLeases: () => void,
): void {
  changes.subscribe(change => {
    const [noun, id] = change.split(/:(.*)/s)
    if (change === 'everything') {
      users.forgetEverybody()
      apiKeys.forgetEverything()
      // Cancels may have been among what was missed.
      renewLeases()
    } else if (noun === 'users' && id) {
      users.forgetUser(id)
      apiKeys.forgetUser(id)
    } else if (noun === 'api_keys' && id) apiKeys.forgetKey(id)
    else if (noun === 'cancelled' && id) runningTurns.stop(id, 'cancelled')
  })
}
