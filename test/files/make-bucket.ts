import { S3mini } from 's3mini'

// Makes the bucket that PANTHEON_TEST_S3 names, if it is not there yet.
const { endpoint, bucket, ...access } = JSON.parse(process.env.PANTHEON_TEST_S3 ?? '{}')
const s3 = new S3mini({ endpoint: `${endpoint}/${bucket}`, ...access })
if (!((await s3.bucketExists()) || (await s3.createBucket()))) process.exitCode = 1
