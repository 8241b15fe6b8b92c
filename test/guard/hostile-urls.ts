import type { LookupAddress } from 'node:dns'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Resolve } from '../../server/outbound/checked-connector.ts'

/** Counts whoever connects to this machine, by any of its addresses. */
export interface Trap {
  port: number
  caught: number
  close(): Promise<void>
}

export async function setTrap(): Promise<Trap> {
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => response.end('{}'))
  const trap: Trap = {
    port: 0,
    caught: 0,
    close: () => new Promise(resolve => server.close(() => resolve()).closeAllConnections()),
  }
  server.on('connection', socket => {
    trap.caught += 1
    sockets.add(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '::', resolve))
  trap.port = (server.address() as AddressInfo).port
  return trap
}

/** Hosts that lead to this machine or into a private network, as somebody would write them who hopes that nobody looks. */
export const HOSTS = [
  // This machine, in all spellings.
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0x7f000001',
  '0x7f.0x0.0x0.0x1',
  '127.0.0.1.',
  '127.127.127.127',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '0.0.0.0',
  '0',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::127.0.0.1]',
  '[2002:7f00:1::]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'anything.localhost',
  'ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  'somebody:secret@127.0.0.1',
  'api.example.com@127.0.0.1',
  // What tells a machine in a cloud its keys.
  '169.254.169.254',
  '2852039166',
  '[::ffff:169.254.169.254]',
  '[fd00:ec2::254]',
  '[fd20:ce::254]',
  '100.100.100.200',
  '192.0.0.192',
  '168.63.129.16',
  'metadata.google.internal',
  // Networks behind this machine.
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.254',
  '192.168.0.1',
  '100.64.0.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '[fe80::1]',
  '[fc00::1]',
  '[fec0::1]',
  // Names.
  'loopback.example',
  'loopback6.example',
  'mapped.example',
  'nat64.example',
  'private.example',
  'mixed.example',
  'nothing.example',
  'rebinding.example',
]

const ANSWERS: Record<string, string[]> = {
  'metadata.google.internal': ['169.254.169.254'],
  'loopback.example': ['127.0.0.1'],
  'loopback6.example': ['::1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'nat64.example': ['64:ff9b::7f00:1'],
  'private.example': ['10.11.12.13'],
  'mixed.example': ['1.1.1.1', '127.0.0.1'],
  'nothing.example': [],
}
/** Lies in the part of IPv6 that is meant for the internet and is given to nobody: whoever connects to it comes nowhere. */
const NOWHERE = '3fe0::1'

/** Answers as a name server in bad hands would; `rebinding.example` says something harmless first and this machine from then on. */
export function createHostileResolver(): { resolve: Resolve; asked: string[] } {
  const asked: string[] = []
  const family = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })
  return {
    asked,
    resolve(hostname, answer) {
      const isFirst = !asked.includes(hostname)
      asked.push(hostname)
      const addresses = hostname === 'rebinding.example' ? [isFirst ? NOWHERE : '127.0.0.1'] : (ANSWERS[hostname] ?? ['127.0.0.1'])
      answer(null, addresses.map(family))
    },
  }
}
