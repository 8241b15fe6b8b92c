import { afterAll, expect, test } from 'vitest'
import { startChildProgram } from '../child-program.ts'
import { newDirectChat } from '../council.ts'
import { createClient, tokenFor, useProgram } from '../program.ts'

const CAP = 5

const limits = { TURNS_RUNNING_PER_USER: String(CAP), RATE_LIMIT_TURNS_PER_MINUTE: '1000', RATE_LIMIT_TURNS_PER_HOUR: '1000' }
const program = await useProgram(limits)
const second = await startChildProgram({ DATABASE_URL: program.database.url, OPENROUTER_BASE_URL: program.endpoint.url, ...limits })
const left = new AbortController()
afterAll(() => left.abort())

test('one user has no more turns running than the cap allows, over two servers together', async () => {
  const ada = await program.user('ada')
  const there = createClient(second.address, ada.userId, await tokenFor(ada.userId, 'ada@example.com'))
  const bob = await program.user('bob')
  const chats = []
  for (let number = 0; number < CAP * 4; number += 1) chats.push(await newDirectChat(ada, { key: `agent-${number}` }))
  program.endpoint.reply({ chunks: ['Hm', '.'], hangAfter: 1 })
  const asked = program.endpoint.requests.length
  const answers = await Promise.all(
    chats.map(({ turns }, number) =>
      (number % 2 === 0 ? ada : there).stream(`${turns}/stream`, { message: 'Hm?' }, { signal: left.signal }),
    ),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(CAP)
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(CAP * 3)
  await expect.poll(() => program.endpoint.requests.length - asked, { timeout: 10_000 }).toBe(CAP)
  const refused = chats[answers.findIndex(({ status }) => status === 429)]!
  expect((await there.post(refused.turns, { message: 'Hm?' })).body).toMatchObject({ status: 429, code: 'too_many_running_turns' })
  // Another user is not concerned.
  const chat = await newDirectChat(bob, { key: 'sage' })
  const other = await bob.stream(`${chat.turns}/stream`, { message: 'Hm?' }, { signal: left.signal })
  expect(other.status).toBe(200)
  // Whichever ends makes room for one more, at either server.
  const first = answers.findIndex(({ status }) => status === 200)
  const turnId = answers[first]!.headers.get('x-turn-id')
  expect((await there.post(`${chats[first]!.turns}/${turnId}/cancel`)).status).toBe(202)
  program.endpoint.reply({ chunks: ['Hm.'] })
  await expect.poll(async () => (await there.post(refused.turns, { message: 'Hm?' })).status, { timeout: 15_000 }).toBe(201)
})
