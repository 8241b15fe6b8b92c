import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { DB } from './database.gen.ts'

/** The database, or one transaction of it: the same interface, bound. */
export interface Database {
  readonly kysely: Kysely<DB>
  /** One statement by hand. `name` makes it a prepared statement where the connection may keep one. */
  statement<Row>(name: string, text: string, values: unknown[]): Promise<Row[]>
  transaction<Result>(work: (database: Database) => Promise<Result>): Promise<Result>
}

export interface OpenDatabase extends Database {
  readonly pool: pg.Pool
  close(): Promise<void>
}

export interface DatabaseOptions {
  config: pg.ClientConfig
  /** False behind a transaction-mode pooler, where a prepared statement of another client may answer. */
  namedStatements: boolean
  /** A connection that broke while nobody used it. */
  onIdleError: (error: Error) => void
}

/** A request is answered within 5 s, whatever the database does: as long as it waited for a connection, so much less it waits for an answer on it. */
const CONNECTION_MS = 3_750
const ANSWER_MS = 4_500
const LEAST_ANSWER_MS = ANSWER_MS - CONNECTION_MS

/** Opens the pool. Nothing connects before the first query. */
export function openDatabase({ config, namedStatements, onIdleError }: DatabaseOptions): OpenDatabase {
  const pool = new PunctualPool({
    Client: PunctualClient,
    max: 10,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: CONNECTION_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    application_name: 'pantheon',
    types: wireTypes,
    ...config,
  })
  let closed = false
  // The pool is ended before the last of its connections is: what happens to those is no news.
  const onBreak = (error: Error) => {
    if (!closed) onIdleError(error)
  }
  pool.on('error', onBreak)
  pool.on('connect', client => {
    // A connection that breaks while it is checked out would end the process without a listener of its own; its query rejects as well.
    client.on('error', onBreak)
  })
  const kysely = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  return {
    kysely,
    pool,
    async statement<Row>(name: string, text: string, values: unknown[]) {
      const result = await pool.query(namedStatements ? { name, text, values } : { text, values })
      return result.rows as Row[]
    },
    transaction: work => kysely.transaction().execute(transaction => work(bound(transaction))),
    // Kysely's own destroy leaves a pool open that never ran a Kysely query.
    close() {
      closed = true
      return pool.end()
    },
  }
}

type Checkout = (error: Error | undefined, client: pg.PoolClient | undefined, release: (problem?: unknown) => void) => void

/** Takes what somebody waited for a connection off the time that answers on it may take. */
class PunctualPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>
  override connect(taken: Checkout): void
  override connect(taken?: Checkout): Promise<pg.PoolClient> | undefined {
    const since = performance.now()
    if (!taken) return super.connect().then(client => withTimeLeft(client, since))
    super.connect((error, client, release) => taken(error, client && withTimeLeft(client, since), release))
    return undefined
  }
}

function withTimeLeft(client: pg.PoolClient, since: number): pg.PoolClient {
  if (client instanceof PunctualClient) client.waitedMs = performance.now() - since
  return client
}

/**
 * A connection whose answer is late owes it still, and may turn out to stand in a transaction whose `begin` nobody believes in any more:
 * it is ended, so that no rollback waits behind it, and the pool gives it to nobody.
 */
class PunctualClient extends pg.Client {
  waitedMs = 0
  readonly #answerMs: number

  constructor(config: pg.ClientConfig = {}) {
    super(config)
    this.#answerMs = config.query_timeout ?? 0
  }

  override query(asked: string | pg.QueryConfig, ...rest: unknown[]): never {
    const query = typeof asked === 'string' ? { text: asked } : asked
    const left = this.#answerMs && Math.max(this.#answerMs - this.waitedMs, LEAST_ANSWER_MS)
    const answer: unknown = Reflect.apply(super.query, this, [{ query_timeout: left, ...query }, ...rest])
    // Where there is a callback instead, the pool itself looks after the error.
    if (answer instanceof Promise)
      answer.catch(error => {
        if (isConnectionLoss(error)) void this.end().catch(() => {})
      })
    return answer as never
  }
}

function bound(kysely: Kysely<DB>): Database {
  return {
    kysely,
    async statement<Row>(_name: string, text: string, values: unknown[]) {
      return (await kysely.executeQuery<Row>(CompiledQuery.raw(text, values))).rows
    },
    transaction: work => work(bound(kysely)),
  }
}

const INT8 = 20
const DATE = 1082
const TIMESTAMPTZ = 1184
const NUMERIC = 1700

/** Values leave the driver in the form the contract gives them: decimals exact and without trailing zeros, times as RFC 3339 in UTC. */
const readers = new Map<number, (text: string) => unknown>([
  [INT8, Number],
  [DATE, text => text],
  [TIMESTAMPTZ, text => new Date(text).toISOString()],
  [NUMERIC, canonicalDecimal],
])

const wireTypes: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    readers.get(oid) ?? pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
}

function canonicalDecimal(text: string): string {
  if (!text.includes('.')) return text
  const trimmed = text.replace(/0+$/, '').replace(/\.$/, '')
  return trimmed === '-0' ? '0' : trimmed
}

const CONNECTION_LOSS = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ECONNABORTED',
])

/** Whether an error says that the database is away, rather than that a statement was wrong. */
export function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as NodeJS.ErrnoException).code ?? ''
  // Class 08 connection exceptions, 57P01..57P03 shut down, 53300 too many clients.
  if (CONNECTION_LOSS.has(code) || /^(08...|57P0[123]|53300)$/.test(code)) return true
  return /Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed and is not queryable/.test(
    error.message,
  )
}

/** These come from connecting, so that the statement was never sent: no such server, or one that takes nobody. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTFOUND', 'EAI_AGAIN', '08001', '08004', '53300', '57P03'])
const NEVER_CONNECTED = /timeout exceeded when trying to connect|Connection terminated due to connection timeout/

/** Whether a statement may have been done, or may yet be, though its answer was not heard. */
export function answerIsLost(error: unknown): boolean {
  if (!isConnectionLoss(error)) return false
  const { code, message } = error as NodeJS.ErrnoException
  return !NEVER_SENT.has(code ?? '') && !NEVER_CONNECTED.test(message)
}

/**
 * Whether the same statement may well succeed in a moment: the database is away, is failing over, was asked by too many at once, or has ended
 * this one of two that waited for each other.
 */
export function isPassingTrouble(error: unknown): boolean {
  if (isConnectionLoss(error)) return true
  return error instanceof pg.DatabaseError && PASSING.has(error.code ?? '')
}

/** Serialization failure, deadlock, read-only while failing over, cancelled, lock not available, disk full, out of memory. */
const PASSING = new Set(['40001', '40P01', '25006', '57014', '55P03', '53100', '53200'])

/** The name of the constraint that a write ran into, when it did. */
export function violatedConstraint(error: unknown): string | null {
  if (!(error instanceof pg.DatabaseError) || !error.code?.startsWith('23')) return null
  return error.constraint ?? error.column ?? error.code
}
