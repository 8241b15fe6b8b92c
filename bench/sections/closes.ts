import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import type { PricedModel } from '../../server/domain/catalogue.ts'
import type { EndedCall, TurnOutcome } from '../../server/domain/turn.ts'
import { admitTurn } from '../../server/store/admit-turn.ts'
import { closeTurn } from '../../server/store/close-turn.ts'
import { type OpenDatabase, openDatabase } from '../../server/store/database.ts'
import { startEmbeddedPostgres } from '../../server/store/embedded.ts'
import { migrate } from '../../server/store/migrate.ts'
import { QUESTION } from '../bare-proxy.ts'
import type { SectionResult } from '../results.ts'
import { answerText } from '../script.ts'
import { EMBEDDED, ON_SERVERS, type Stage } from '../stage.ts'
import { finding, median, percentile } from '../statistics.ts'
import { runLoad } from '../target.ts'

const CLIENTS = 32
const TURNS_OF_A_COUNT = 16 * 60
const PACE = { firstMs: 0, betweenMs: 0, tokens: 100, perWrite: 10 }
const ANSWER = answerText(PACE)

/** (f) The two writes of a turn by themselves, at 32 clients, and how many statements a whole turn is. */
export async function closes(stage: Stage): Promise<SectionResult> {
  const found = []
  for (const place of await databases(stage)) {
    try {
      found.push({
        name: place.name,
        ...(await measureWrites(place.database, stage.quick)),
        commits: await commitsPerTurn(stage, place.name),
      })
    } finally {
      await place.end()
    }
  }
  return {
    title: 'The writes of a turn',
    work: `${CLIENTS} clients at once through a pool of ten connections; a turn of one call: 11 rows by one statement, one commit. Statements are counted by PostgreSQL (pg_stat_database) over ${TURNS_OF_A_COUNT} turns of the whole product, its background work included.`,
    columns: ['', 'admissions a second', 'p99, ms', 'closes a second', 'p99, ms', 'commits per turn'],
    rows: found.map(({ name, admissions, closes: closed, commits }) => [
      name,
      median(admissions.perSecond),
      median(admissions.p99),
      median(closed.perSecond),
      median(closed.p99),
      commits,
    ]),
    goals: found.flatMap(({ name, closes: closed, commits }) => [
      { what: `${name}: closes a second`, finding: finding(closed.perSecond), unit: 'a second', limit: 2000, limitIs: 'least' as const },
      // Two before the first token and one at the end; what little is above is the background.
      { what: `${name}: commits of a whole turn`, finding: finding([commits]), unit: '', limit: 3.2, limitIs: 'most' as const },
    ]),
  }
}

interface Place {
  name: string
  database: OpenDatabase
  end(): Promise<void>
}

async function databases(stage: Stage): Promise<Place[]> {
  const quiet = { info: () => {}, warn: () => {}, error: () => {} }
  const embedded = await startEmbeddedPostgres(path.join(stage.folder, 'closes'), quiet)
  const places = [await openPlace(EMBEDDED, embedded.config, embedded.stop)]
  const servers = await stage.servers()
  if (servers) places.push(await openPlace(ON_SERVERS, { connectionString: servers.databaseUrl }, async () => {}))
  return places
}

async function openPlace(name: string, config: pg.ClientConfig, leave: () => Promise<void>): Promise<Place> {
  await migrate(config)
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => {} })
  const end = async () => {
    await database.close()
    await leave()
  }
  return { name, database, end }
}

interface Writes {
  perSecond: number[]
  p99: number[]
}

async function measureWrites(database: OpenDatabase, quick: boolean) {
  const found: { admissions: Writes; closes: Writes } = { admissions: { perSecond: [], p99: [] }, closes: { perSecond: [], p99: [] } }
  const rounds = quick ? 2 : 5
  const turnsEach = quick ? 60 : 120
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    const turns = await seedSessions(database, CLIENTS * turnsEach)
    const admissions = await byClients(turns, turn => admitted(database, turn))
    const closed = await byClients(turns, turn => closedOnce(database, turn))
    if (round > 0)
      for (const [kind, writes] of [
        ['admissions', admissions],
        ['closes', closed],
      ] as const) {
        found[kind].perSecond.push(turns.length / writes.seconds)
        found[kind].p99.push(percentile(writes.times, 0.99))
      }
  }
  return found
}

interface SeededTurn {
  turnId: string
  sessionId: string
  userId: string
  agentId: string
}

/** A user, a wallet and an agent for each client, and a session for each turn. */
async function seedSessions(database: OpenDatabase, count: number): Promise<SeededTurn[]> {
  const run = randomUUID()
  const { rows } = await database.pool.query<SeededTurn>(SEED, [run, CLIENTS, count])
  await database.pool.query('vacuum (analyze) sessions, turn_runs, credit_wallets')
  return rows.map(row => ({ ...row, turnId: uuidv7() }))
}

const SEED = `
with members as (
  insert into users (id, issuer, subject) select $1 || n, 'bench', $1 || n from generate_series(0, $2::int - 1) as n returning id
), wallets as (
  insert into credit_wallets (id, user_id, balance) select gen_random_uuid(), id, 0 from members returning user_id
), speakers as (
  insert into agents (id, owner_user_id, agent_key, name, model_alias, role_prompt)
  select gen_random_uuid(), id, 'sage', 'Sage', 'deepseek', '' from members returning id, owner_user_id
), numbered as (
  select id, owner_user_id, row_number() over () - 1 as n from speakers
), opened as (
  insert into sessions (id, agent_id, started_by_user_id)
  select gen_random_uuid(), numbered.id, owner_user_id from generate_series(0, $3::int - 1) as turn join numbered on numbered.n = turn % $2::int
  returning id, agent_id, started_by_user_id
)
select id as "sessionId", agent_id as "agentId", started_by_user_id as "userId" from opened order by id`

/** Every client its share of the turns, one after another. */
async function byClients(turns: SeededTurn[], work: (turn: SeededTurn) => Promise<void>) {
  const times: number[] = []
  const begun = performance.now()
  let next = 0
  const client = async () => {
    for (let turn = turns[next++]; turn; turn = turns[next++]) {
      const began = performance.now()
      await work(turn)
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return { times, seconds: (performance.now() - begun) / 1000 }
}

async function admitted(database: OpenDatabase, { turnId, sessionId, userId }: SeededTurn): Promise<void> {
  const result = await admitTurn(database, {
    turnId,
    sessionId,
    userId,
    roomId: null,
    mode: 'standalone',
    expectedTurnCount: 0,
    request: { message: QUESTION, roomId: null, speakers: [{ key: 'sage', name: 'Sage' }], supersedesTurnId: null },
    hold: '0',
    enforced: false,
    runningTurnsMaximum: 100_000,
    ownerProcess: 'bench',
    leaseSeconds: 600,
    journal: {},
    applyPendingMode: false,
    requestKey: null,
  })
  if (result.kind !== 'admitted') throw new Error(`A turn was not admitted: ${result.kind}`)
}

async function closedOnce(database: OpenDatabase, { turnId, sessionId, userId, agentId }: SeededTurn): Promise<void> {
  const snapshot = {
    turnId,
    sessionId,
    userId,
    turnIndex: 1,
    mode: 'standalone' as const,
    message: QUESTION,
    supersedesTurnId: null,
    room: null,
  }
  const closed = await closeTurn(database, { snapshot, fence: 1, outcome: outcomeOf(agentId), lowBalanceThreshold: '5' })
  if (!closed) throw new Error('A turn was not closed.')
}

/** One answer of one agent, as the engine gives it to the close. */
function outcomeOf(agentId: string): TurnOutcome {
  const spoken = { visibility: 'shared' as const, toolCallId: null, toolName: null }
  return {
    status: 'completed',
    output: ANSWER,
    modelAliasUsed: MODEL.alias,
    providerModel: MODEL.providerModel,
    limit: null,
    messages: [
      { ...spoken, role: 'user', agentKey: null, sourceAgentKey: null, agentName: null, content: QUESTION },
      { ...spoken, role: 'assistant', agentKey: 'sage', sourceAgentKey: 'sage', agentName: 'Sage', content: ANSWER },
    ],
    calls: [endedCall(agentId)],
    toolCalls: [],
    audits: [AUDIT],
    routing: [],
    summary: null,
    summaryTriggered: false,
    pruneTriggered: false,
    overflowRejected: false,
    failure: null,
  }
}

const MODEL: PricedModel = {
  alias: 'deepseek',
  displayName: 'DeepSeek V3.1',
  provider: 'openrouter',
  providerModel: 'deepseek/deepseek-chat-v3.1',
  contextWindow: 163_840,
  multiplier: '1',
  pricingVersion: '2026-02-20',
  fallbackAlias: null,
  inputUsdPerMillion: '0.2',
  cachedInputUsdPerMillion: null,
  outputUsdPerMillion: '0.8',
}

const AUDIT = {
  agent_key: 'sage',
  model_alias: MODEL.alias,
  context_window: MODEL.contextWindow,
  input_budget: 150_000,
  output_reserve: 2048,
  overhead_reserve: 8192,
  estimated_tokens_before: 200,
  estimated_tokens_after_summary: 200,
  estimated_tokens_after_prune: 200,
  summary_triggered: false,
  prune_triggered: false,
  overflow_rejected: false,
}

const endedCall = (agentId: string): EndedCall => ({
  requestId: uuidv7(),
  purpose: 'agent',
  agentId,
  agentKey: 'sage',
  step: 1,
  round: null,
  model: MODEL,
  worstCase: '0.2118',
  status: 'success',
  providerModel: MODEL.providerModel,
  providerRequestId: 'gen-1',
  inputFresh: 200,
  inputCached: 0,
  output: 100,
  usageEstimated: false,
  oeTokens: '170',
  costUsd: '0.00012',
  charged: true,
  amount: '0.017',
  credits: '0.017',
  latencyMs: 1050,
  timeToFirstTokenMs: 50,
})

/** Of the whole product, by the count of its database. */
async function commitsPerTurn(stage: Stage, name: string): Promise<number> {
  const [endpoint, targets, products] = [await stage.endpoint(), await stage.targets(), await stage.products()]
  const target = targets.find(each => each.name === name)!
  const { database } = products.find(each => each.name === name)!
  const client = new pg.Client(await database())
  await client.connect()
  try {
    await endpoint.play({ default: PACE })
    const load = { clients: 16, turnsEach: TURNS_OF_A_COUNT / 16, staggerMs: 0 }
    // Sessions are made beforehand, so that none is made while the turns are counted.
    await target.prepare(load)
    const before = await commitsOf(client)
    await runLoad(target, load, ANSWER)
    const after = await commitsOf(client)
    // As long again, with nobody there: what the background did while the count waited belongs to no turn.
    const background = (await commitsOf(client)) - after
    return (after - before - background) / TURNS_OF_A_COUNT
  } finally {
    await client.end()
  }
}

/** A backend that falls idle within a second of having told what it did tells the rest ten seconds later. */
const TOLD_BY_THEN_MS = 11_000

/** Including those of whoever prepared something until now; without the wait these would be counted with what comes next. */
async function commitsOf(client: pg.Client): Promise<number> {
  await sleep(TOLD_BY_THEN_MS)
  const { rows } = await client.query('select xact_commit::int as commits from pg_stat_database where datname = current_database()')
  return rows[0].commits
}
