import type { AddressInfo } from 'node:net'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to the database of a test that can be cut, or fall silent. */
export interface SeverableProxy {
  /** The given connection string, by way of this proxy. */
  url: string
  /** Ends all connections and refuses new ones. */
  sever(): void
  /** Keeps all connections and takes new ones, but passes nothing on any more. */
  silence(): void
  /** Holds back on its connections what is sent from now on. Mended, it passes it on, late. */
  stall(): void
  /** Passes on the next statement that names this, and cuts its connection when the answer comes: it is done, and nobody hears of it. */
  loseAnswerTo(name: string): void
  /** Passes on again. */
  mend(): Promise<void>
  close(): void
}

export async function startSeverableProxy(url: string): Promise<SeverableProxy> {
  const target = new URL(url)
  const pairs = new Set<[Socket, Socket]>()
  let silent = false
  let unanswered: string | null = null
  const endAll = () => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    pairs.clear()
  }
  const serve = (port: number): Promise<Server> =>
    new Promise(resolve => {
      const server = createServer(client => {
        const upstream = connectTo(target)
        const pair: [Socket, Socket] = [client, upstream]
        pairs.add(pair)
        client.on('data', part => {
          if (unanswered === null || !part.includes(unanswered)) return
          unanswered = null
          upstream.prependOnceListener('data', () => client.destroy())
        })
        for (const [from, to] of [pair, [upstream, client]] as const) {
          from.on('data', part => {
            if (!silent && !to.destroyed) to.write(part)
          })
          from.on('error', () => {})
          from.on('close', () => {
            pairs.delete(pair)
            to.destroy()
          })
        }
      })
      server.listen(port, '127.0.0.1', () => resolve(server))
    })
  let server: Server | null = await serve(0)
  const { port } = server.address() as AddressInfo
  const through = new URL(url)
  through.hostname = '127.0.0.1'
  through.port = String(port)
  return {
    url: through.href,
    sever() {
      server?.close()
      server = null
      endAll()
    },
    silence() {
      silent = true
    },
    stall() {
      for (const pair of pairs) for (const socket of pair) socket.pause()
    },
    loseAnswerTo(name) {
      unanswered = name
    },
    async mend() {
      // What was swallowed is lost: nobody could make sense of the rest.
      if (silent) endAll()
      silent = false
      for (const pair of pairs) for (const socket of pair) socket.resume()
      server ??= await serve(port)
    },
    close() {
      server?.close()
      endAll()
    },
  }
}

/** A host that is a folder is that of a socket. */
function connectTo({ hostname, port }: URL): Socket {
  const host = decodeURIComponent(hostname)
  return host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(Number(port), host)
}
