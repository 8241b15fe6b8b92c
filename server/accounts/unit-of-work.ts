import { AsyncLocalStorage } from 'node:async_hooks'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'

/** Statements by hand; a store's function takes it as it takes the database itself. */
export interface Statements {
  statement<Row>(name: string, text: string, values: unknown[]): Promise<Row[]>
}

/** All that one request to the account library does. Once begun it is one transaction: one commit, or nothing. */
export interface UnitOfWork extends Statements {
  begin(): Promise<void>
  /** The id that the account made in this unit gets. Null: no account may be made. */
  newUserId: string | null
  /** Set where all is done for show, under a stand-in for this address: what was written is undone by the commit that ends the unit, which costs the same. */
  pretendedEmail: string | null
}

export interface UnitsOfWork {
  /** For the account library's own queries: inside a unit that has begun they run on its connection. */
  pool: PostgresPool
  current(): UnitOfWork | undefined
  /** For what outlives the request that began it: each statement by itself. */
  outside: Statements
  /** Commits when `keep` says so, else rolls back. Rejects when the database was lost on the way, whatever `work` made of that. */
  run<Result>(work: (unit: UnitOfWork) => Promise<Result>, keep: (result: Result) => boolean): Promise<Result>
}

/** The account library opens no transaction around a request and hands none out; this puts its queries and ours into one. */
export function createUnitsOfWork(pool: pg.Pool): UnitsOfWork {
  const running = new AsyncLocalStorage<RunningUnit>()
  return {
    pool: {
      connect: async () => {
        const unit = running.getStore()
        if (unit?.client) return lend(unit.client, unit)
        return lend(await noteLoss(pool.connect(), unit), unit, client => client.release())
      },
      end: async () => {},
      options: {},
    },
    current: () => running.getStore(),
    outside: { statement: async (_name, text, values) => (await pool.query(text, values)).rows },
    async run(work, keep) {
      const unit = createUnit(pool)
      try {
        const result = await running.run(unit, () => work(unit))
        if (unit.loss) throw unit.loss
        await unit.end(keep(result))
        return result
      } finally {
        await unit.end(false)
      }
    },
  }
}

interface RunningUnit extends UnitOfWork {
  client: pg.PoolClient | null
  /** What the account library may have answered as if it were the caller's fault. */
  loss: Error | null
  end(keep: boolean): Promise<void>
}

function createUnit(pool: pg.Pool): RunningUnit {
  const unit: RunningUnit = {
    client: null,
    loss: null,
    newUserId: null,
    pretendedEmail: null,
    async begin() {
      if (unit.client) return
      unit.client = await noteLoss(pool.connect(), unit)
      await noteLoss(unit.client.query('begin; savepoint untouched'), unit)
    },
    async statement<Row>(_name: string, text: string, values: unknown[]) {
      const result = await noteLoss((unit.client ?? pool).query(text, values), unit)
      return result.rows as Row[]
    },
    async end(keep) {
      const client = unit.client
      if (!client) return
      unit.client = null
      await finish(client, keep, unit.pretendedEmail !== null)
    },
  }
  return unit
}

async function finish(client: pg.PoolClient, keep: boolean, isPretence: boolean): Promise<void> {
  try {
    if (keep && isPretence) await client.query('rollback to savepoint untouched')
    const { command } = await client.query(keep ? 'commit' : 'rollback')
    client.release()
    // PostgreSQL answers the commit of a transaction that a statement had aborted with a rollback.
    if (keep && command !== 'COMMIT') throw new AbortedUnit()
  } catch (error) {
    if (!(error instanceof AbortedUnit)) client.release(true)
    if (keep) throw error
  }
}

class AbortedUnit extends Error {
  override message = 'the transaction of an account request was aborted'
}

/** The account library reads times as dates, while our pool reads them as text: every query brings its own readers. */
function lend(
  client: pg.PoolClient,
  unit: RunningUnit | undefined,
  release: (client: pg.PoolClient) => void = () => {},
): PostgresPoolClient {
  const query = (text: string, values: readonly unknown[]) =>
    noteLoss(client.query({ text, values: [...values], types: pg.types as pg.CustomTypesConfig }), unit)
  // The other overload is for cursors, which nothing here opens.
  return { query: query as unknown as PostgresPoolClient['query'], release: () => release(client) }
}

async function noteLoss<Result>(answer: Promise<Result>, unit: RunningUnit | undefined): Promise<Result> {
  try {
    return await answer
  } catch (error) {
    if (unit && isLoss(error)) unit.loss = error as Error
    throw error
  }
}

/** Not an answer of the database to a statement, or its word that it is going away (SQLSTATE 08, 53, 57P). */
const isLoss = (error: unknown) => !(error instanceof pg.DatabaseError) || /^(08|53|57P)/.test(error.code ?? '')
