import type { Logger } from 'pino'
import { type Config, isEmbedded } from '../config.ts'
import { runJobs } from '../jobs/run-jobs.ts'
import { openDatabase } from '../store/database.ts'
import { openJobQueue } from '../store/job-queue.ts'
import { migrate } from '../store/migrate.ts'
import { openDatabaseAccess } from './database-access.ts'
import { jobDependencies } from './job-dependencies.ts'

export interface WorkingProgram {
  /** Lets running jobs finish for a while, then leaves the database in order. */
  stop(): Promise<void>
}

/** Runs jobs for as long as it lives; as many beside one another as there is work for. */
export async function work(config: Config, version: string, log: Logger, say: (text: string) => void): Promise<WorkingProgram> {
  if (isEmbedded(config)) throw new Error('With the embedded PostgreSQL the server runs the jobs itself. Set DATABASE_URL to run a worker.')
  const access = await openDatabaseAccess(config, log)
  const database = openDatabase({
    config: access.pooled,
    namedStatements: access.namedStatements,
    onIdleError: err => log.warn({ err }, 'a database connection broke'),
  })
  try {
    await migrate(access.direct)
    const onError = (err: Error) => log.warn({ err }, 'the job queue met an error')
    const jobs = await openJobQueue({ database, direct: access.direct, working: true, onError })
    const deps = jobDependencies(config, { database, jobs, log })
    await deps.storage.check()
    await runJobs(deps)
    say(`Pantheon ${version}, worker\n  database  ${access.about}\n  files     ${deps.about}`)
    return {
      async stop() {
        await jobs.stop()
        await database.close()
        await access.leave()
      },
    }
  } catch (error) {
    await database.close()
    await access.leave()
    throw error
  }
}
