import { expect, test } from 'vitest'
import { type Observer, observeBy, type SeenEvent, type TurnObserver } from '../../server/domain/observation.ts'
import type { EndedCall, TurnOutcome, TurnSnapshot } from '../../server/domain/turn.ts'

const snapshot = {} as TurnSnapshot
const close = { outcome: {} as TurnOutcome, closeSeconds: 1 }
const event: SeenEvent = { type: 'round_start', round: 1 }

function listener() {
  const heard: string[] = []
  const turn: TurnObserver = {
    event: ({ type }) => heard.push(type),
    call: () => heard.push('call'),
    closed: () => heard.push('closed'),
    givenUp: () => heard.push('given up'),
  }
  const observer: Partial<Observer> = {
    turn: () => turn,
    job: ({ name }) => heard.push(name),
    reader: () => {
      heard.push('reader')
      return () => heard.push('gone')
    },
  }
  return { heard, observer }
}

const broken = () => {
  throw new Error('an observer of its own faults')
}

test('all observers hear of everything that they look at, and one that breaks harms neither the others nor what is watched', () => {
  const [first, last] = [listener(), listener()]
  const faulty: Partial<Observer> = {
    turn: () => ({ event: broken, call: broken, closed: broken, givenUp: broken }),
    job: broken,
    reader: () => broken,
  }
  const all = observeBy([first.observer, faulty, {}, { turn: broken, reader: broken }, last.observer])
  all.job({ name: 'parse-file', failed: false, seconds: 1 })
  all.rateLimitSkipped()
  all.reader()()
  const turn = all.turn(snapshot)
  turn.event!(event)
  turn.call({} as EndedCall)
  turn.closed(close)
  turn.givenUp()
  const everything = ['parse-file', 'reader', 'gone', 'round_start', 'call', 'closed', 'given up']
  expect([first.heard, last.heard]).toEqual([everything, everything])
})

test('where nobody listens to events there is nothing to call for one', () => {
  const counting: Partial<Observer> = { turn: () => ({ call: () => {}, closed: () => {}, givenUp: () => {} }) }
  expect(observeBy([]).turn(snapshot).event).toBeUndefined()
  expect(observeBy([counting]).turn(snapshot).event).toBeUndefined()
})
