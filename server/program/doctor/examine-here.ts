import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { Logger } from 'pino'
import { checkSmtp } from '../../accounts/mailer.ts'
import { type Config, isEmbedded } from '../../config.ts'
import { openRedis } from '../../live/redis.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { type OpenDatabase, openDatabase } from '../../store/database.ts'
import { migrationHead, missingMigrations } from '../../store/migrate.ts'
import { joinDatabaseAccess } from '../database-access.ts'
import { aboutFiles, fileStorage } from '../job-dependencies.ts'
import { openOutbound } from '../outbound-access.ts'
import { examineModels } from './examine-models.ts'
import { examined, type Finding } from './finding.ts'

/** Everything that a server with this configuration would stand on. Changes nothing; joins the PostgreSQL of a running server. */
export async function examineHere(config: Config, log: Logger): Promise<Finding[]> {
  const configuration: Finding = { about: 'configuration', state: 'ok', words: modeOf(config) }
  if (isEmbedded(config) && !existsSync(path.resolve(config.PANTHEON_DATA_DIR))) return [configuration, NOTHING_YET]
  const outbound = openOutbound(config)
  try {
    const [database, ...others] = await Promise.all([
      examineDatabase(config, outbound, log),
      examineRedis(config, log),
      examineStorage(config, outbound),
      examineMail(config),
    ])
    return [configuration, ...database, ...others]
  } finally {
    await outbound.close()
  }
}

const NOTHING_YET: Finding = { about: 'data', state: 'off', words: 'there is none yet: the first "pantheon serve" makes it' }

const modeOf = (config: Config): string =>
  isEmbedded(config) ? `embedded, data in ${path.resolve(config.PANTHEON_DATA_DIR)}` : `server, ${config.NODE_ENV}`

/** The database, and the models, which its catalogue names. */
async function examineDatabase(config: Config, outbound: Outbound, log: Logger): Promise<Finding[]> {
  const findings: Finding[] = []
  const opened = await examined('database', async () => {
    const access = await joinDatabaseAccess(config, log)
    const database = openDatabase({ config: access.pooled, namedStatements: false, onIdleError: () => {} })
    try {
      findings.push(await examined('migrations', () => migrations(database)), ...(await examineModels(config, database, outbound)))
      return { state: 'ok', words: access.about }
    } finally {
      await database.close()
      await access.leave()
    }
  })
  return [opened, ...findings]
}

async function migrations(database: OpenDatabase): Promise<Omit<Finding, 'about'>> {
  const missing = await missingMigrations(database.pool)
  if (missing.length === 0) return { state: 'ok', words: `at ${migrationHead()}` }
  return { state: 'failed', words: `the database lacks ${missing.join(', ')}: run "pantheon migrate"` }
}

function examineRedis(config: Config, log: Logger): Promise<Finding> {
  return examined('redis', async () => {
    if (!config.REDIS_URL) return { state: 'off', words: 'REDIS_URL is not set: each process counts for itself' }
    const redis = await openRedis(config.REDIS_URL, log)
    try {
      await redis.run(client => client.ping())
      return { state: 'ok', words: 'answers' }
    } finally {
      await redis.close()
    }
  })
}

function examineMail(config: Config): Promise<Finding> {
  return examined('mail', async () => {
    if (!config.SMTP_URL) return { state: 'off', words: 'SMTP_URL is not set: nothing is mailed' }
    await checkSmtp(config.SMTP_URL)
    return { state: 'ok', words: 'the server takes our mails' }
  })
}

function examineStorage(config: Config, outbound: Outbound): Promise<Finding> {
  const storage = fileStorage(config, outbound)
  const about = aboutFiles(config)
  return examined('storage', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'pantheon-doctor-'))
    const key = `doctor/${randomUUID()}`
    const probe = randomUUID()
    try {
      await writeFile(path.join(folder, 'probe'), probe)
      await storage.put(key, path.join(folder, 'probe'), 'text/plain')
      const stored = await storage.get(key)
      if (!stored || (await buffer(stored)).toString() !== probe) throw new Error(`${about}: what was written could not be read again`)
      return { state: 'ok', words: `${about}: written, read and removed a probe` }
    } finally {
      await storage.remove(key).catch(() => undefined)
      await rm(folder, { recursive: true, force: true })
    }
  })
}
