import { createHash, randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createLocalStorage } from '../../server/files/local-storage.ts'
import type { ObjectStorage } from '../../server/files/object-storage.ts'
import { createS3Storage, type S3Access } from '../../server/files/s3-storage.ts'
import { anywhere } from '../outbound.ts'

// The same for every storage. The S3 store is a real one: PANTHEON_TEST_S3 holds its S3Access as JSON; `.ci/s3-server` starts one.

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-storage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const access: S3Access | null = process.env.PANTHEON_TEST_S3 ? JSON.parse(process.env.PANTHEON_TEST_S3) : null
const storages: [string, ObjectStorage][] = [
  ['the local disk', createLocalStorage(path.join(folder, 'objects'))],
  ...(access ? [['an S3 store', createS3Storage(access, anywhere)] satisfies [string, ObjectStorage]] : []),
]

const newKey = () => `ab/${randomUUID()}`

function fileOf(content: Buffer): string {
  const place = path.join(folder, randomUUID())
  writeFileSync(place, content)
  return place
}

async function read(storage: ObjectStorage, key: string): Promise<Buffer | null> {
  const stream = await storage.get(key)
  return stream && Buffer.concat(await stream.toArray())
}

describe.each(storages)('%s', (_, storage) => {
  test('can be used', async () => {
    await storage.check()
  })

  test.each([1, 100_000, 12 * 1024 * 1024])('gives %i bytes back as they were', async size => {
    const content = Buffer.alloc(size, createHash('sha512').update(String(size)).digest())
    const key = newKey()
    await storage.put(key, fileOf(content), 'application/pdf')
    expect((await read(storage, key))?.equals(content)).toBe(true)
    await storage.remove(key)
    expect(await read(storage, key)).toBeNull()
  })

  test('has nothing under a key that was never stored, and removing that does nothing', async () => {
    expect(await storage.get(newKey())).toBeNull()
    await storage.remove(newKey())
    await storage.remove(newKey())
  })

  test('leaves nothing behind when what is to be stored cannot be read', async () => {
    const key = newKey()
    await expect(storage.put(key, path.join(folder, 'missing'), 'text/plain')).rejects.toThrow()
    expect(await storage.get(key)).toBeNull()
  })

  test('keeps objects apart that are stored at once', async () => {
    const keys = Array.from({ length: 20 }, newKey)
    await Promise.all(keys.map(key => storage.put(key, fileOf(Buffer.from(key)), 'text/plain')))
    const contents = await Promise.all(keys.map(key => read(storage, key)))
    expect(contents.map(String)).toEqual(keys)
    await Promise.all(keys.map(key => storage.remove(key)))
  })
})

test('files on the local disk can be read by their owner alone', async () => {
  const key = newKey()
  const storage = createLocalStorage(path.join(folder, 'private'))
  const source = fileOf(Buffer.from('x'))
  await storage.put(key, source, 'text/plain')
  expect(statSync(path.join(folder, 'private')).mode & 0o77).toBe(0)
})

test('a store that cannot be reached is an error that names no key', async () => {
  const nobody = {
    endpoint: 'http://127.0.0.1:9',
    bucket: 'none',
    region: 'us-east-1',
    accessKeyId: 'AKID',
    secretAccessKey: 'very-secret',
  }
  const error = await createS3Storage(nobody, anywhere)
    .get(newKey())
    .catch(reason => reason)
  expect(error).toBeInstanceOf(Error)
  expect(JSON.stringify([error.message, error.stack])).not.toContain('very-secret')
})
