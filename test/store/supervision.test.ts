import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { superviseOwner } from '../../server/store/embedded/supervision.ts'
import { DataFolderInUse } from '../../server/store/embedded.ts'
import { useTestDatabase } from '../database.ts'

const { config, pool } = await useTestDatabase()
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const owners: pg.Client[] = []
afterAll(() => Promise.all(owners.map(owner => owner.end())))

async function connect(): Promise<pg.Client> {
  const owner = new pg.Client(config)
  owner.on('error', () => undefined)
  await owner.connect()
  owners.push(owner)
  return owner
}

const end = (owner: pg.Client) => pool.query('select pg_terminate_backend($1)', [(owner as unknown as { processID: number }).processID])

test.concurrent('a server that cannot be brought back is given up after five tries', async () => {
  const owner = await connect()
  let tries = 0
  const supervision = superviseOwner(
    owner,
    async () => {
      tries += 1
      throw new Error('no space left on device')
    },
    silent,
  )
  await end(owner)
  expect((await supervision.lost).message).toBe('PostgreSQL failed 5 times in a row and is not started again.')
  expect(tries).toBe(5)
  expect(await supervision.retire()).toBeNull()
})

test.concurrent('a server that keeps dying soon after it came back is given up as well', async () => {
  const owner = await connect()
  let tries = 0
  const supervision = superviseOwner(
    owner,
    async () => {
      tries += 1
      const next = await connect()
      setTimeout(() => end(next), 50)
      return next
    },
    silent,
  )
  await end(owner)
  await supervision.lost
  expect(tries).toBe(5)
})

test.concurrent('a folder that another program has taken is let go at once', async () => {
  const owner = await connect()
  const supervision = superviseOwner(owner, () => Promise.reject(new DataFolderInUse('/data')), silent)
  await end(owner)
  expect(await supervision.lost).toBeInstanceOf(DataFolderInUse)
  expect(await supervision.retire()).toBeNull()
})

test.concurrent('whoever retires while the server is being brought back gets the owner that came of it', async () => {
  const owner = await connect()
  const restarting = Promise.withResolvers<void>()
  const next = await connect()
  const supervision = superviseOwner(
    owner,
    async () => {
      restarting.resolve()
      await sleep(100)
      return next
    },
    silent,
  )
  await end(owner)
  await restarting.promise
  expect(await supervision.retire()).toBe(next)
})
