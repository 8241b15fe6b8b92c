import { onTestFinished } from 'vitest'
import { type OpenDatabase, openDatabase } from '../../server/store/database.ts'
import { createTestDatabase, type TestDatabase } from '../database.ts'
import { type ModelEndpoint, startModelEndpoint } from '../model-endpoint.ts'

/** So that no limit of a user's own is met. */
export const WITHOUT_LIMITS = {
  RATE_LIMIT_TURNS_PER_MINUTE: '100000',
  RATE_LIMIT_TURNS_PER_HOUR: '100000',
  TURNS_RUNNING_PER_USER: '1000',
  LOG_LEVEL: 'warn',
}

/** A database to look into, and a provider; gone after the test. */
export async function setUp(): Promise<{ place: TestDatabase; database: OpenDatabase; endpoint: ModelEndpoint }> {
  const place = await createTestDatabase()
  // By another name than the program's own connections.
  const config = { ...place.config, application_name: 'onlooker' }
  const database = openDatabase({ config, namedStatements: true, onIdleError: () => undefined })
  const endpoint = await startModelEndpoint()
  // The last to be given is the first to be called.
  onTestFinished(place.drop)
  onTestFinished(database.close)
  onTestFinished(endpoint.close)
  return { place, database, endpoint }
}
