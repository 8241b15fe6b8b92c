import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { useTestDatabase } from './database.ts'

const repository = path.join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(path.join(repository, file), 'utf8')
const everyMatch = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found!)
const filesBelow = (folder: string, ending: string) =>
  readdirSync(path.join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith(ending))
    .map(name => path.join(folder, name))

const database = await useTestDatabase()
const documents = filesBelow('docs', '.md')
const source = filesBelow('server', '.ts').map(read).join('\n')

test('every page of docs/runbooks is listed in its README', () => {
  const listed = everyMatch(read('docs/runbooks/README.md'), /\]\(([\w-]+\.md)\)/g)
  expect(listed.sort()).toEqual(readdirSync(path.join(repository, 'docs/runbooks')).filter(name => name !== 'README.md'))
})

test('every message that a document names is one that the program logs', () => {
  const named = documents.flatMap(document =>
    everyMatch(read(document), /^\| log\b[^|]*\| `([^`]+)`/gm).map(message => ({ document, message })),
  )
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter(({ message }) => !source.includes(message))).toEqual([])
})

test('every metric that a document names is one that the program has', () => {
  const named = documents.flatMap(document => everyMatch(read(document), /`(pantheon_[a-z_]+)`/g).map(metric => ({ document, metric })))
  expect(named.length).toBeGreaterThan(10)
  const isMade = (metric: string) => source.includes(`'${metric}'`) || source.includes(`'${metric.replace('pantheon_', '')}'`)
  expect(named.filter(({ metric }) => !isMade(metric))).toEqual([])
})

const queries = documents.flatMap(document =>
  everyMatch(read(document), /^ *```sql\n(.*?)^ *```/gms).map(query => [document, query] as const),
)

test.for(queries)('a query of %s runs', async ([, query]) => {
  const client = await database.pool.connect()
  try {
    await client.query('begin')
    await client.query(query)
  } finally {
    await client.query('rollback')
    client.release()
  }
})
