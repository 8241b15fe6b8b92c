import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** Another program serves from this data folder. */
export class DataFolderInUse extends Error {
  constructor(root: string) {
    super(`Another Pantheon is running on ${root}.`)
    this.name = 'DataFolderInUse'
  }
}

/** Session lock of the one program that serves from the folder, in the database `postgres`. */
const OWNER_LOCK = 7001
/** How long the connection of an owner that was just killed may need to notice. */
const PATIENCE_MS = 1_000

/**
 * Makes this program the folder's one owner: a connection that holds a lock for as long as it lives, which the kernel ends with the program,
 * kill -9 included. Rejects with `DataFolderInUse`, or with what kept it from connecting.
 */
export async function claimDataFolder(config: pg.ClientConfig, root: string): Promise<pg.Client> {
  const owner = new pg.Client({ ...config, database: 'postgres', keepAlive: true, application_name: 'pantheon owner' })
  // Whoever watches the owner waits for its end; an error always comes before one.
  owner.on('error', () => undefined)
  try {
    await owner.connect()
    await lock(owner, root)
    return owner
  } catch (error) {
    await owner.end().catch(() => undefined)
    throw error
  }
}

async function lock(owner: pg.Client, root: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const { rows } = await owner.query<{ locked: boolean }>('select pg_try_advisory_lock($1) as locked', [OWNER_LOCK])
    if (rows[0]?.locked) return
    if (Date.now() > deadline) throw new DataFolderInUse(root)
    await sleep(50)
  }
}
