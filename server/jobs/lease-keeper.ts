import type { RunningTurns } from '../live/running-turns.ts'
import type { Database } from '../store/database.ts'
import { renewTurnLeases } from '../usecases/renew-turn-leases.ts'

/** Several renewals fit into one lease, so that one that fails costs nothing. */
const RENEW_EVERY_MS = 5_000

interface LeaseKeeperDependencies {
  database: Database
  runningTurns: RunningTurns
  ownerProcess: string
  log: { warn(fields: object, message: string): void }
}

/** Renews the leases of this process's turns for as long as it lives. */
export function keepLeases(deps: LeaseKeeperDependencies): { renewNow(): void; stop(): void } {
  const renewNow = () => {
    renewTurnLeases(deps).catch(err => deps.log.warn({ err }, 'turn leases could not be renewed; tried again shortly'))
  }
  const timer = setInterval(renewNow, RENEW_EVERY_MS)
  timer.unref()
  return { renewNow, stop: () => clearInterval(timer) }
}
