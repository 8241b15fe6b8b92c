import { expect, test } from 'vitest'
import { createRemembered } from '../../server/store/remembered.ts'

interface Row {
  id: string
  version: number
}

/** A table that answers when it is told to, with the rows as they were when it was asked. */
function slowTable() {
  const asked: { id: string; answer: (row: Row | null) => void; fail: (error: Error) => void }[] = []
  const remembered = createRemembered<Row | null>()
  const get = (id: string) => remembered.get(id, () => new Promise((answer, fail) => asked.push({ id, answer, fail })))
  return { asked, get, forget: (id: string) => remembered.forget(row => row.id === id) }
}
const row = (id: string, version = 1): Row => ({ id, version })

test('who asks while a row is read shares the reading, and who asks later what it brought', async () => {
  const { asked, get } = slowTable()
  const both = [get('a'), get('a')]
  expect(asked).toHaveLength(1)
  asked[0]!.answer(row('a'))
  expect(await Promise.all(both)).toEqual([row('a'), row('a')])
  expect(await get('a')).toEqual(row('a'))
  expect(asked).toHaveLength(1)
})

test('that there is no row, or none could be read, is not remembered', async () => {
  const { asked, get } = slowTable()
  const none = get('a')
  asked[0]!.answer(null)
  expect(await none).toBeNull()
  const failed = get('a')
  asked[1]!.fail(new Error('away'))
  await expect(failed).rejects.toThrow('away')
  void get('a')
  expect(asked).toHaveLength(3)
})

test('a row that is changed while it is read is read anew, also by who asks meanwhile; the old one is not remembered', async () => {
  const { asked, get, forget } = slowTable()
  const before = get('a')
  forget('a')
  const behind = get('a')
  expect(asked).toHaveLength(2)
  asked[1]!.answer(row('a', 2))
  expect(await behind).toEqual(row('a', 2))
  asked[0]!.answer(row('a', 1))
  expect(await before).toEqual(row('a', 1))
  expect(await get('a')).toEqual(row('a', 2))
})

test('the change of another row costs nothing that is remembered, or was being read', async () => {
  const { asked, get, forget } = slowTable()
  const reading = get('a')
  forget('b')
  asked[0]!.answer(row('a'))
  await reading
  forget('b')
  expect(await get('a')).toEqual(row('a'))
  expect(asked).toHaveLength(1)
  forget('a')
  void get('a')
  expect(asked).toHaveLength(2)
})
