import path from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { createLocalStorage } from '../files/local-storage.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import { parseFile } from '../files/parse-file.ts'
import { createS3Storage } from '../files/s3-storage.ts'
import type { JobDependencies } from '../jobs/run-jobs.ts'
import type { Database } from '../store/database.ts'
import type { JobQueue } from '../store/job-queue.ts'

/** Where files lie, and how to say so. */
export interface FilePlace {
  storage: ObjectStorage
  about: string
}

/** A bucket where one is configured, else a folder. */
export function filePlace(config: Config): FilePlace {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (endpoint && bucket && accessKeyId && secretAccessKey)
    return {
      storage: createS3Storage({ endpoint, bucket, region: config.S3_REGION, accessKeyId, secretAccessKey }),
      about: `bucket ${bucket} at ${new URL(endpoint).host}`,
    }
  const folder = path.resolve(config.PANTHEON_DATA_DIR, 'files')
  return { storage: createLocalStorage(folder), about: folder }
}

export const jobDependencies = (
  config: Config,
  base: { database: Database; jobs: JobQueue; log: Logger },
): JobDependencies & FilePlace => ({
  ...base,
  ...filePlace(config),
  parse: parseFile,
  retentionDays: config.RETENTION_DAYS,
})
