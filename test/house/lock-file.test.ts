import { expect, test } from 'vitest'
import { missingPackages, readLockFile } from '../lock-file.ts'

test('the lock file knows every package of every platform, or "npm ci" refuses it', () => {
  expect(missingPackages(readLockFile()), 'run: npm run lock:complete').toEqual([])
})
