import { QUESTION } from './bare-proxy.ts'
import { newDirectSession, signUpUsers, turnRequest, type User } from './council.ts'
import { eventsOf } from './load.ts'
import type { Product } from './product.ts'
import { sum } from './statistics.ts'
import type { Target } from './target.ts'

/** As many as there are clients in the saturated section, so that none waits for another's wallet there. */
const USERS = 16
/** A conversation goes on for so many turns, then the client begins a new one: the history is real, and no summary is due yet. */
const TURNS_PER_SESSION = 6

interface Conversation {
  user: User
  session: string
  turnsLeft: number
}

interface ProductEvent {
  type: string
  delta?: string
  status?: string
}

/** The product as what a client of its basic stream sees. */
export async function productTarget(name: string, product: Product): Promise<Target> {
  const users = await signUpUsers(product.url, USERS)
  /** For each client, what it has before it. */
  const conversations: Conversation[][] = []
  const body = { message: QUESTION }
  const stockUp = async (client: number, turns: number) => {
    const user = users[client % users.length]!
    conversations[client] ??= []
    const stock = conversations[client]
    let ready = sum(stock.map(({ turnsLeft }) => turnsLeft))
    for (; ready < turns; ready += TURNS_PER_SESSION)
      stock.push({ user, session: await newDirectSession(user), turnsLeft: TURNS_PER_SESSION })
  }
  return {
    isOurs: true,
    name,
    firstText: '"type":"chunk"',
    async prepare({ clients, turnsEach }) {
      await Promise.all(Array.from({ length: clients }, (_, client) => stockUp(client, turnsEach)))
    },
    request(client) {
      const [conversation] = conversations[client]!
      conversation!.turnsLeft -= 1
      if (conversation!.turnsLeft === 0) conversations[client]!.shift()
      return turnRequest(product.url, conversation!.user, conversation!.session, body)
    },
    textOf(stream) {
      const events = eventsOf<ProductEvent>(stream)
      const last = events.at(-1)
      if (last?.type !== 'done' || last.status !== 'completed') throw new Error(`${name}: a turn did not complete: ${stream.slice(-300)}`)
      return events.map(({ type, delta }) => (type === 'chunk' ? delta : '')).join('')
    },
    cpu: product.cpu,
  }
}
