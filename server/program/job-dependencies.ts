import path from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Observer } from '../domain/observation.ts'
import { createLocalStorage } from '../files/local-storage.ts'
import type { ObjectStorage } from '../files/object-storage.ts'
import { parseFile } from '../files/parse-file.ts'
import { createS3Storage, type S3Access } from '../files/s3-storage.ts'
import type { JobDependencies } from '../jobs/run-jobs.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { Database } from '../store/database.ts'
import type { JobQueue } from '../store/job-queue.ts'

/** A bucket where one is configured, else a folder. */
export function fileStorage(config: Config, outbound: Outbound): ObjectStorage {
  const bucket = bucketOf(config)
  return bucket ? createS3Storage(bucket, outbound) : createLocalStorage(folderOf(config))
}

/** The same in words. */
export function aboutFiles(config: Config): string {
  const bucket = bucketOf(config)
  return bucket ? `bucket ${bucket.bucket} at ${new URL(bucket.endpoint).host}` : folderOf(config)
}

const folderOf = (config: Config): string => path.resolve(config.PANTHEON_DATA_DIR, 'files')

function bucketOf(config: Config): S3Access | null {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = config
  if (!endpoint || !bucket || !accessKeyId || !secretAccessKey) return null
  return { endpoint, bucket, region: config.S3_REGION, accessKeyId, secretAccessKey }
}

export const jobDependencies = (
  config: Config,
  outbound: Outbound,
  base: { database: Database; jobs: JobQueue; log: Logger; observer: Observer },
): JobDependencies => ({
  ...base,
  storage: fileStorage(config, outbound),
  parse: parseFile,
  retentionDays: config.RETENTION_DAYS,
})
