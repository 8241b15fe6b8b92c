import type { createClient } from 'redis'

export type RedisClient = ReturnType<typeof clientFor>

/** Redis for what may get lost. It never makes anybody wait for long: what it does not answer in time counts as not answered. */
export interface Redis {
  /** Connected, and not late with an answer. */
  isUp(): boolean
  /** Rejects at once while Redis is away, and otherwise within `COMMAND_MS`. What was sent may still be done later. */
  run<Result>(work: (client: RedisClient) => Promise<Result>): Promise<Result>
  /**
   * `ring` is called whenever somebody publishes on the channel, and each time that listening has begun, also after an outage: something may
   * have been missed before. Answers how to stop.
   */
  listen(channel: string, ring: () => void): () => void
  close(): Promise<void>
}

export interface RedisLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export class RedisAway extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'RedisAway'
  }
}

export const COMMAND_MS = 150
const CONNECT_MS = 1_000
const RECONNECT_MAXIMUM_MS = 1_000
const PING_EVERY_MS = 1_000
/** A connection on which nothing moves for so long, pings included, is dead, whatever the network says. */
const SILENT_MS = 3_000

/** Connects, and keeps connecting for as long as it is open. Resolves when connected, or when the first try has failed. */
export async function openRedis(url: string, log: RedisLog, commandMs = COMMAND_MS): Promise<Redis> {
  // Loaded only where there is a Redis: its modules cost every start that has none.
  const client = clientFor((await import('redis')).createClient, url)
  const state = watchState(client, log)
  const listen = createListening(client)
  void client.connect().catch(nothing)
  await state.firstKnown
  return {
    isUp: state.isUp,
    async run(work) {
      if (!state.isUp()) throw new RedisAway('Redis is away')
      return await answerOf(work(client), commandMs, state.late)
    },
    listen,
    async close() {
      state.closing()
      client.destroy()
    },
  }
}

const clientFor = (create: typeof createClient, url: string) =>
  create({
    url,
    disableOfflineQueue: true,
    pingInterval: PING_EVERY_MS,
    maintNotifications: 'disabled',
    // The client's own time-out ends once a command is written, and a frozen server can be written to; ours is in `answerOf`.
    commandOptions: { timeout: 0 },
    socket: { connectTimeout: CONNECT_MS, socketTimeout: SILENT_MS, reconnectStrategy },
  })

const reconnectStrategy = (retries: number): number => Math.min(50 * 2 ** retries, RECONNECT_MAXIMUM_MS) * (0.5 + Math.random() / 2)

const nothing = () => {}

/** Whether Redis answers, told to the log once per change. */
function watchState(client: RedisClient, log: RedisLog) {
  let lateAnswers = 0
  let said: boolean | null = null
  let closed = false
  const firstKnown = Promise.withResolvers<void>()
  const isUp = () => client.isReady && lateAnswers === 0
  const say = (up: boolean, err?: unknown) => {
    firstKnown.resolve()
    if (closed || said === up) return
    if (!up) log.warn({ err }, 'Redis is away; limits and events are kept per process until it is back')
    else if (said !== null) log.info({}, 'Redis is back')
    said = up
  }
  client.on('ready', () => say(true))
  // Also what ends the process when nobody listens; it comes with every failed try to connect.
  client.on('error', err => say(false, err))
  return {
    isUp,
    firstKnown: firstKnown.promise,
    /** Until that answer comes, or its connection breaks, nobody is made to wait for another. */
    late(answer: Promise<unknown>) {
      lateAnswers++
      say(false, new RedisAway('Redis does not answer'))
      const settled = () => {
        lateAnswers--
        if (isUp()) say(true)
      }
      answer.then(settled, settled)
    },
    closing() {
      closed = true
    },
  }
}

/** The answer, or a rejection when it is late. */
function answerOf<Result>(answer: Promise<Result>, withinMs: number, late: (answer: Promise<unknown>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    let settled = false
    const giveUp = () => {
      if (settled) return
      late(answer)
      reject(new RedisAway('Redis does not answer'))
    }
    // After a process that was itself held up, answers that lie in the socket are read before the verdict.
    const timer = setTimeout(() => setImmediate(giveUp), withinMs)
    const settle = () => {
      settled = true
      clearTimeout(timer)
    }
    answer.then(settle, settle)
    answer.then(resolve, reject)
  })
}

/** All channels on the one connection, each once, however many listen. */
function createListening(client: RedisClient): Redis['listen'] {
  const channels = new Map<string, Set<() => void>>()
  const ringAll = (channel: string) => {
    for (const ring of channels.get(channel) ?? []) ring()
  }
  const onMessage = (_message: string, channel: string) => ringAll(channel)
  const begin = async (channel: string) => {
    // What is not begun now is begun when the connection is ready; a repeat changes nothing.
    await client.subscribe(channel, onMessage)
    if (channels.has(channel)) ringAll(channel)
    else await client.unsubscribe(channel, onMessage)
  }
  client.on('ready', () => {
    for (const channel of channels.keys()) void begin(channel).catch(nothing)
  })
  return (channel, ring) => {
    const rings = channels.get(channel) ?? new Set()
    rings.add(ring)
    channels.set(channel, rings)
    if (client.isReady) void begin(channel).catch(nothing)
    return () => {
      rings.delete(ring)
      if (rings.size > 0 || channels.get(channel) !== rings) return
      channels.delete(channel)
      if (client.isReady) void client.unsubscribe(channel, onMessage).catch(nothing)
    }
  }
}
