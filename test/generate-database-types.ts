import { writeFileSync } from 'node:fs'
import { databaseTypes } from './database-types.ts'
import { startTestPostgres } from './postgres.ts'

// npm run types:database, after every new migration.
const postgres = await startTestPostgres()
try {
  const { template, prefix: _, ...connection } = postgres.server
  writeFileSync(new URL('../server/store/database.gen.ts', import.meta.url), await databaseTypes({ ...connection, database: template }))
} finally {
  await postgres.stop()
}
