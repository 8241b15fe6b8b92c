import { expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import { useProgram } from '../program.ts'

const { user, endpoint } = await useProgram()

test('the last message is run again as a new turn; the old one stays, superseded, out of the context, and both are paid', async () => {
  const ada = await user('again')
  const { turns, sessionId } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['first answer'] })
  await ada.post(turns, { message: 'Before.' })
  endpoint.reply({ chunks: ['a poor answer'] })
  const old = (await ada.post(turns, { message: 'Once more.' })).body
  endpoint.reply({ chunks: ['a better answer'] })
  const again = await ada.post(`${turns}/${old.id}/regenerate`)
  expect(again).toMatchObject({ status: 201, body: { user_input: 'Once more.', assistant_output: 'a better answer', turn_index: 3 } })
  const sent = () => JSON.stringify(endpoint.requests.at(-1)!.body.messages)
  expect(sent()).not.toContain('a poor answer')
  expect(sent()).toContain('first answer')
  expect(sent().match(/Once more\./g)).toHaveLength(1)
  expect((await ada.get(`${turns}/${old.id}`)).body).toMatchObject({
    assistant_output: 'a poor answer',
    superseded_by_turn_id: again.body.id,
  })

  await ada.post(turns, { message: 'Go on.' })
  expect(sent()).not.toContain('a poor answer')
  expect(sent()).toContain('a better answer')
  expect((await ada.get(turns)).body.total).toBe(4)
  expect((await ada.get(`/sessions/${sessionId}/messages`)).body.total).toBe(8)
  expect((await ada.get('/users/me/transactions')).body.transactions.filter((row: { kind: string }) => row.kind === 'debit')).toHaveLength(
    4,
  )
})

test('it streams for whoever accepts a stream, with another model if asked', async () => {
  const ada = await user('again-stream')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['old'] })
  const old = (await ada.post(turns, { message: 'Hi.' })).body
  endpoint.reply({ chunks: ['new ', 'answer'] })
  const stream = await ada.stream(
    `${turns}/${old.id}/regenerate`,
    { model_alias_override: 'premium' },
    { headers: { accept: 'text/event-stream' } },
  )
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(joinedText(await stream.all())).toBe('new answer')
  expect(endpoint.requests.at(-1)!.body.model).toContain('gemini')
})

test('only the last turn can be run again, and only by its owner', async () => {
  const ada = await user('again-last')
  const { turns } = await newDirectChat(ada, { key: 'one' })
  endpoint.reply({ chunks: ['ok'] })
  const first = (await ada.post(turns, { message: 'One.' })).body
  const second = (await ada.post(turns, { message: 'Two.' })).body
  expect(await ada.post(`${turns}/${first.id}/regenerate`)).toMatchObject({ status: 409, body: { code: 'conflict' } })
  expect(await ada.post(`${turns}/00000000-0000-7000-8000-000000000000/regenerate`)).toMatchObject({
    status: 404,
    body: { detail: 'Turn not found.' },
  })
  expect((await (await user('again-stranger')).post(`${turns}/${second.id}/regenerate`)).status).toBe(404)
})
