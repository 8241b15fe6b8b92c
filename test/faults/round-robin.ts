import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The smallest load balancer: each connection goes to the next replica that takes it. */
export interface RoundRobin {
  address: string
  close(): void
}

export async function startRoundRobin(ports: number[]): Promise<RoundRobin> {
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, async client => {
    client.on('error', () => undefined)
    const first = turn++
    for (let tried = 0; tried < ports.length && !client.destroyed; tried += 1) {
      const replica = connect({ port: ports[(first + tried) % ports.length]!, host: '127.0.0.1', allowHalfOpen: true })
      const takes = await once(replica, 'connect').then(
        () => true,
        () => false,
      )
      if (takes) return join(client, replica, sockets)
    }
    client.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function join(client: Socket, replica: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [client, replica],
    [replica, client],
  ] as const) {
    sockets.add(from)
    from.pipe(to)
    from.on('error', () => undefined)
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
}
