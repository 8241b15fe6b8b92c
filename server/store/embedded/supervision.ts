import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { DataFolderInUse } from './folder-owner.ts'

/** The part of the program's log that is used here. */
export interface EmbeddedLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface Supervision {
  /** Resolves when the server could not be brought back, or when the folder is another program's now. */
  lost: Promise<Error>
  /** Restarts no more. Answers with the owner's connection, or null when the folder is no longer ours. */
  retire(): Promise<pg.Client | null>
}

const PAUSES_MS = [0, 250, 500, 1_000, 2_000]
/** A server that lived this long had started well: earlier failures are forgotten. */
const STABLE_MS = 60_000

/** Brings the server back whenever the owner's connection ends, which it does with the server, however that one was started. */
export function superviseOwner(first: pg.Client, restart: () => Promise<pg.Client>, log: EmbeddedLog): Supervision {
  const { promise: lost, resolve: resolveLost } = Promise.withResolvers<Error>()
  let owner: pg.Client | null = null
  let retired = false
  let failures = 0
  let recovery: Promise<void> = Promise.resolve()

  function watch(connected: pg.Client): void {
    const since = Date.now()
    owner = connected
    connected.once('end', () => {
      if (retired) return
      owner = null
      if (Date.now() - since > STABLE_MS) failures = 0
      log.warn({}, 'PostgreSQL ended under the running program; bringing it back')
      recovery = recover()
    })
  }

  async function recover(): Promise<void> {
    while (!retired) {
      const pause = PAUSES_MS[failures]
      if (pause === undefined) return giveUp(new Error(`PostgreSQL failed ${failures} times in a row and is not started again.`))
      failures += 1
      await sleep(pause)
      if (await restarted()) return
    }
  }

  async function restarted(): Promise<boolean> {
    try {
      watch(await restart())
      log.info({}, 'PostgreSQL is back')
      return true
    } catch (error) {
      if (error instanceof DataFolderInUse) giveUp(error)
      else log.error({ err: error }, 'PostgreSQL could not be brought back')
      return error instanceof DataFolderInUse
    }
  }

  function giveUp(reason: Error): void {
    log.error({ err: reason }, 'PostgreSQL is lost; this program has to be started again')
    resolveLost(reason)
  }

  watch(first)
  return {
    lost,
    async retire() {
      retired = true
      await recovery
      return owner
    },
  }
}
