import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { appliedHead, migrate, migrationHead } from '../../server/store/migrate.ts'
import { createTestDatabase, useTestDatabase } from '../database.ts'

const migrated = await useTestDatabase()

/** A folder of migrations and a database that knows none. */
async function trial(files: Record<string, string>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-migrations-'))
  const write = (more: Record<string, string>) => {
    for (const [name, sql] of Object.entries(more)) writeFileSync(path.join(folder, name), sql)
  }
  write(files)
  const database = await createTestDatabase()
  await database.pool.query('drop schema public cascade; create schema public')
  onTestFinished(async () => {
    rmSync(folder, { recursive: true })
    await database.drop()
  })
  return { folder, write, ...database, remove: (name: string) => rmSync(path.join(folder, name)) }
}

const tables = async (pool: pg.Pool) =>
  (await pool.query<{ tablename: string }>(`select tablename from pg_tables where schemaname = 'public' order by 1`)).rows.map(
    row => row.tablename,
  )

test('a second run does nothing', async () => {
  const { applied, head } = await migrate(migrated.config)
  expect(applied).toEqual([])
  expect(head).toBe(migrationHead())
  expect(await appliedHead(migrated.pool)).toBe(migrationHead())
})

test('files are applied by name, and only those that the database lacks', async () => {
  const { config, folder, pool, write } = await trial({
    '0002_second.sql': 'alter table one add two integer',
    '0001_first.sql': 'create table one ()',
  })
  expect(await appliedHead(pool)).toBeNull()
  expect(await migrate(config, folder)).toEqual({ applied: ['0001_first', '0002_second'], head: '0002_second' })
  write({ '0003_third.sql': 'create table three ()', 'notes.txt': 'no migration' })
  expect(await migrate(config, folder)).toEqual({ applied: ['0003_third'], head: '0003_third' })
  expect(await tables(pool)).toEqual(['migrations', 'one', 'three'])
})

test('two runs at once apply every file once', async () => {
  const { config, folder } = await trial({
    '0001_first.sql': 'select pg_sleep(0.2); create table one ()',
    '0002_second.sql': 'create table two ()',
  })
  const runs = await Promise.all([migrate(config, folder), migrate(config, folder)])
  expect(runs.map(run => run.applied.length).sort()).toEqual([0, 2])
})

test('a file that was changed after it ran is refused by name, and nothing is applied', async () => {
  const { config, folder, pool, write } = await trial({ '0001_first.sql': 'create table one ()' })
  await migrate(config, folder)
  write({ '0001_first.sql': 'create table one (more text)', '0002_second.sql': 'create table two ()' })
  await expect(migrate(config, folder)).rejects.toThrow('Migration 0001_first was changed')
  expect(await tables(pool)).toEqual(['migrations', 'one'])
})

test('a migration that fails leaves nothing of itself and keeps what came before', async () => {
  const { config, folder, pool, write } = await trial({
    '0001_first.sql': 'create table one ()',
    '0002_second.sql': `create table two (); alter table migrations add check (name <> '0002_second')`,
  })
  await expect(migrate(config, folder)).rejects.toThrow(
    'Migration 0002_second failed and left nothing: new row for relation "migrations" violates',
  )
  expect(await tables(pool)).toEqual(['migrations', 'one'])
  write({ '0002_second.sql': 'create table two ()' })
  expect((await migrate(config, folder)).applied).toEqual(['0002_second'])
})

test('a file outside a transaction commits its statements one by one, and begins anew when it was stopped', async () => {
  const file = (last: string) => `-- outside a transaction: it takes long

create table if not exists two ();

create index concurrently if not exists one_n on one (n);

do $$
begin
  insert into one values (2);
  commit;
end $$;

${last}
`
  const { config, folder, pool, write } = await trial({
    '0001_first.sql': 'create table one as select 1 as n',
    '0002_second.sql': file('select 1 / 0'),
  })
  await expect(migrate(config, folder)).rejects.toThrow(
    'Migration 0002_second stopped, and begins anew with the next run: division by zero',
  )
  expect(await tables(pool)).toEqual(['migrations', 'one', 'two'])
  expect(await appliedHead(pool)).toBe('0001_first')
  write({ '0002_second.sql': file('create table three ()') })
  expect(await migrate(config, folder)).toEqual({ applied: ['0002_second'], head: '0002_second' })
  expect((await pool.query(`select indisvalid from pg_index where indexrelid = 'one_n'::regclass`)).rows).toEqual([{ indisvalid: true }])
  expect((await pool.query('select n from one order by n')).rows).toEqual([{ n: 1 }, { n: 2 }, { n: 2 }])
})

test('a run that waits for another does not keep it from making an index concurrently', async () => {
  const { config, folder } = await trial({
    '0001_first.sql': 'create table one (n integer); select pg_sleep(0.5)',
    '0002_second.sql': '-- outside a transaction\n\ncreate index concurrently one_n on one (n)',
  })
  const runs = await Promise.all([migrate(config, folder), migrate(config, folder)])
  expect(runs.map(run => run.applied.length).sort()).toEqual([0, 2])
})

test('an older release runs beside the migrations of a newer one', async () => {
  const { config, folder, remove } = await trial({ '0001_first.sql': 'create table one ()', '0002_newer.sql': 'create table two ()' })
  await migrate(config, folder)
  remove('0002_newer.sql')
  expect(await migrate(config, folder)).toEqual({ applied: [], head: '0002_newer' })
  expect(migrationHead(folder)).toBe('0001_first')
})

test('a migration waits ten seconds for a busy table, so that everybody else is not held back behind it', async () => {
  const { config, folder, pool } = await trial({
    '0001_first.sql': `create table one as select current_setting('lock_timeout') as patience`,
  })
  await migrate(config, folder)
  expect((await pool.query('select patience from one')).rows).toEqual([{ patience: '10s' }])
})
