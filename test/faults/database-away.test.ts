import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openDatabase } from '../../server/store/database.ts'
import { startChildProgram } from '../child-program.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import type { Client } from '../program.ts'
import { randomFrom } from '../random.ts'
import { eventually } from '../redis.ts'
import { contradictionsIn } from './books.ts'
import { answerForCouncils, type Conversation, newUser, openCouncils, openDirectChats, takingSeconds } from './council-load.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { converse } from './page-client.ts'
import { converseSteadily, lookAround, misread } from './steady-load.ts'
import { WITHOUT_LIMITS } from './surroundings.ts'

const LONG = process.env.PANTHEON_LONG === '1'
const TURNS_PER_SECOND = LONG ? 10 : 5
/** How long which fault lasts. */
const FAULTS: Fault[] = LONG ? atRandom(600_000) : [fault('kill', 1_500), fault('freeze', 6_000)]
const ANSWERED_WITHIN_MS = 5_000
const WELL_WITHIN_MS = 10_000
/** What is away for less time may only be late, and is not told. */
const SURELY_TOLD_MS = 6_000
/** A turn waits while the database is away, and is closed when it is back. */
const TURN_PATIENCE_MS = 90_000

interface Fault {
  kind: 'kill' | 'freeze'
  lastsMs: number
}

test(`PostgreSQL killed and frozen ${FAULTS.length} times under ${TURNS_PER_SECOND} turns a second: nobody waits for it, nothing is lost, every turn is closed`, {
  timeout: FAULTS.reduce((sum, { lastsMs }) => sum + 2 * lastsMs + 60_000, 120_000),
}, async () => {
  const postgres = await startOwnPostgres()
  onTestFinished(postgres.remove)
  const endpoint = await startModelEndpoint()
  onTestFinished(endpoint.close)
  answerForCouncils(endpoint, randomFrom(11), { words: 8, betweenMs: 20 })
  const environment = { DATABASE_URL: postgres.url, OPENROUTER_BASE_URL: endpoint.url, ...WITHOUT_LIMITS, LOG_LEVEL: 'info' }
  const server = await startChildProgram(environment, onTestFinished)
  // It looks for lapsed turns and must leave alone those that only could not be renewed.
  const other = await startChildProgram(environment, onTestFinished)
  const chats = await openDirectChats(server.address, TURNS_PER_SECOND * 2)
  const councils = await openCouncils(server.address, TURNS_PER_SECOND + 1)
  const [probe, patient] = await openDirectChats(server.address, 2, 'probe')
  const bystander = await newUser(server.address, 'bystander')

  const load = converseSteadily([...chats, ...councils], TURNS_PER_SECOND, TURN_PATIENCE_MS)
  const around = lookAround(bystander, 5)
  onTestFinished(async () => void (await Promise.all([load.stop(), around.stop()])))
  const returns: Return[] = []
  for (const each of FAULTS) {
    await sleep(1_500)
    // It runs throughout, its lease unrenewed.
    const slow = converse(patient!.client, patient!.turns, takingSeconds(each.lastsMs / 1000 + 6), TURN_PATIENCE_MS)
    slow.catch(() => undefined)
    returns.push({ ...each, ...(await inflict(postgres, each, bystander, probe!, patient!)) })
    load.answers.push(await slow)
    if (LONG) console.log(returns.length, returns.at(-1), { turns: load.answers.length, failures: load.failures.length })
  }
  await around.stop()
  await load.stop()
  const answered = answersIn(server.logged)

  if (LONG)
    console.log({
      faults: returns.length,
      turns: load.answers.length,
      skipped: load.skipped(),
      refused: around.refusals() + load.answers.reduce((sum, { repeats }) => sum + repeats, 0),
      rejoins: load.answers.reduce((sum, { rejoins }) => sum + rejoins, 0),
      slowestAnswerMs: Math.max(...answered.map(({ ms }) => ms)),
      slowestReturnMs: Math.max(...returns.map(({ wellAfterMs }) => wellAfterMs)),
    })
  expect([server.child.exitCode, other.child.exitCode]).toEqual([null, null])
  expect(around.failures).toEqual([])
  expect(load.failures).toEqual([])
  expect(around.refusals()).toBeGreaterThan(0)
  expect(answered.some(({ status }) => status === 503)).toBe(true)
  const database = openDatabase({ config: { connectionString: postgres.url }, namedStatements: true, onIdleError: () => undefined })
  onTestFinished(database.close)
  expect(await contradictionsIn(database)).toEqual({})
  expect(await misread(database, load.answers)).toEqual([])
  expect(load.answers.filter(({ status }) => status !== 'completed')).toEqual([])
  const kept = await database.kysely.selectFrom('rooms').select('id').execute()
  expect(new Set(kept.map(({ id }) => id))).toEqual(new Set([...kept.map(({ id }) => id), ...around.rooms]))
  expect(answered.filter(({ ms }) => ms >= ANSWERED_WITHIN_MS)).toEqual([])
  for (const { wellAfterMs } of returns) expect(wellAfterMs).toBeLessThan(WELL_WITHIN_MS)
})

/** Every answer but the stream of a turn that ran, with the time that the server itself took for it: this process is busy, too. */
const answersIn = (logged: string[]): { route: string; status: number; ms: number }[] =>
  logged
    .map(line => JSON.parse(line))
    .filter(({ msg, route, status }) => msg === 'request' && !(status === 200 && route.endsWith('/stream')))

interface Return extends Fault {
  /** Until it was ready, a turn ran through, and every turn that had waited was closed. */
  wellAfterMs: number
}

async function inflict(postgres: OwnPostgres, { kind, lastsMs }: Fault, bystander: Client, probe: Conversation, patient: Conversation) {
  const readiness = async () => (await bystander.get('/ready')).status
  const ends = performance.now() + lastsMs
  postgres[kind]()
  if (lastsMs >= SURELY_TOLD_MS) await eventually(async () => (await readiness()) === 503, 3 * WELL_WITHIN_MS)
  await sleep(Math.max(0, ends - performance.now()))
  if (kind === 'kill') await postgres.restart()
  else postgres.thaw()
  const returned = performance.now()
  const database = new pg.Client({ connectionString: postgres.url })
  database.on('error', () => undefined)
  await database.connect()
  const { rows } = await database.query('select now()::text as now')
  await eventually(async () => (await readiness()) === 200, 3 * WELL_WITHIN_MS)
  await converse(probe.client, probe.turns, probe.message, 3 * WELL_WITHIN_MS)
  await eventually(
    async () =>
      (await database.query('select from turn_runs where started_at < $1 and session_id <> $2', [rows[0].now, sessionOf(patient)]))
        .rowCount === 0,
    3 * WELL_WITHIN_MS,
  )
  await database.end()
  return { wellAfterMs: performance.now() - returned }
}

const sessionOf = ({ turns }: Conversation): string => turns.split('/')[2]!

function fault(kind: Fault['kind'], lastsMs: number): Fault {
  return { kind, lastsMs }
}

/** Faults of half a second to twenty-four, with as much between them as it takes to be well again. */
function atRandom(forMs: number): Fault[] {
  const random = randomFrom(11)
  const faults: Fault[] = []
  for (let at = 0; at < forMs; ) {
    const each = fault(random() < 0.5 ? 'kill' : 'freeze', 500 + random() * 23_500)
    faults.push(each)
    at += each.lastsMs + 5_000
  }
  return faults
}
