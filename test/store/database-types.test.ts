import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { useTestDatabase } from '../database.ts'
import { databaseTypes } from '../database-types.ts'

const { config } = await useTestDatabase()

test('the types in code are those of the migrated database', async () => {
  const written = readFileSync(new URL('../../server/store/database.gen.ts', import.meta.url), 'utf8')
  expect(await databaseTypes(config), 'run: npm run types:database').toBe(written)
})
