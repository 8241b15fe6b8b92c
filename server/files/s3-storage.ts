import { openAsBlob } from 'node:fs'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { S3mini } from 's3mini'
import type { Outbound } from '../outbound/outbound.ts'
import type { ObjectStorage } from './object-storage.ts'

export interface S3Access {
  /** Without the bucket, e.g. `https://s3.example.com`. */
  endpoint: string
  bucket: string
  region: string
  accessKeyId: string
  secretAccessKey: string
}

/** For one request with its whole body: a slow reader of a large file needs minutes. */
const REQUEST_MS = 300_000

/** Objects in a bucket of any S3-compatible store, addressed by path. */
export function createS3Storage({ endpoint, bucket, ...access }: S3Access, { fetch }: Pick<Outbound, 'fetch'>): ObjectStorage {
  const s3 = new S3mini({ ...access, endpoint: `${endpoint}/${bucket}`, requestAbortTimeout: REQUEST_MS, fetch })
  return {
    async put(key, path, contentType) {
      // A blob of a file is read as it is sent, and its length is known beforehand, which S3 asks for.
      const response = await s3.putObject(key, await openAsBlob(path), contentType)
      await response.body?.cancel()
    },
    async get(key) {
      const response = await s3.getObjectResponse(key)
      return response?.body ? Readable.fromWeb(response.body as ReadableStream) : null
    },
    async remove(key) {
      await s3.deleteObject(key)
    },
    async check() {
      if (!(await s3.bucketExists())) throw new Error(`S3_BUCKET: there is no bucket ${bucket} at S3_ENDPOINT, or the keys may not see it.`)
    },
  }
}
