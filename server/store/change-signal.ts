import pg from 'pg'

/** What changed: a table's name, `users:<id>`, or `everything` when signals may have been missed. */
export type Change = string

export interface ChangeSignal {
  subscribe(listener: (change: Change) => void): void
  close(): Promise<void>
}

const CHANNEL = 'pantheon_changed'
const RETRY_MS = 1_000
/** A connection that is half open says nothing and never ends; only asking shows it. */
const ASK_EVERY_MS = 5_000
const PATIENCE = { connectionTimeoutMillis: 10_000, query_timeout: 3_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000 }

/**
 * The database's own word that rows were changed, sent with the commit that changed them; it reaches every process.
 * Needs a direct connection (a transaction-mode pooler forgets who listens). Reconnects for ever; each time `everything` is said.
 */
export async function listenForChanges(config: pg.ClientConfig, onError: (error: Error) => void): Promise<ChangeSignal> {
  const listeners = new Set<(change: Change) => void>()
  const tell = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | null = null
  let closed = false

  const connect = async () => {
    const fresh = new pg.Client({ ...config, ...PATIENCE, application_name: 'pantheon changes' })
    fresh.on('error', onError)
    fresh.on('notification', ({ payload }) => tell(payload ?? 'everything'))
    try {
      await fresh.connect()
      await fresh.query(`listen ${CHANNEL}`)
    } catch (error) {
      void fresh.end().catch(() => {})
      throw error
    }
    const asking = setInterval(() => void ask(fresh, asking), ASK_EVERY_MS)
    fresh.once('end', () => clearInterval(asking))
    // Only a connection that stood is replaced when it ends: one that never did is tried again by whoever tried it.
    fresh.once('end', reconnectLater)
    client = fresh
    if (closed) await fresh.end()
  }
  const ask = async (asked: pg.Client, asking: NodeJS.Timeout) => {
    try {
      await asked.query('select 1')
    } catch (error) {
      clearInterval(asking)
      onError(error as Error)
      // Its end may never come, so it is not waited for.
      asked.off('end', reconnectLater)
      asked.end().catch(() => {})
      reconnectLater()
    }
  }
  const reconnectLater = () => {
    // A connection that ends while it is asked says so twice.
    if (closed || retry) return
    retry = setTimeout(() => void reconnect(), RETRY_MS)
  }
  const reconnect = async () => {
    retry = null
    try {
      await connect()
      tell('everything')
    } catch (error) {
      onError(error as Error)
      reconnectLater()
    }
  }

  await connect()
  return {
    subscribe: listener => void listeners.add(listener),
    async close() {
      closed = true
      if (retry) clearTimeout(retry)
      await client?.end()
    },
  }
}
