/** Lets work that bears the same key run one after another within this process; work under other keys is not held up. */
export interface KeyedQueue {
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result>
}

export function createKeyedQueue(): KeyedQueue {
  const last = new Map<string, Promise<unknown>>()
  return {
    async run(key, work) {
      const result = (last.get(key) ?? Promise.resolve()).then(work)
      const ended = result.then(nothing, nothing)
      last.set(key, ended)
      void ended.then(() => last.get(key) === ended && last.delete(key))
      return await result
    },
  }
}

const nothing = () => {}
