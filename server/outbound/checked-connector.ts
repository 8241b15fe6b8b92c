import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { isPublicAddress } from '../domain/network-address.ts'

/** All addresses that a name has just now, as the system knows them. */
export type Resolve = (hostname: string, answer: (error: Error | null, addresses: LookupAddress[]) => void) => void

export interface ConnectorOptions {
  /** `https://host:port`, as `URL.origin` writes it, that may lie anywhere: the operator wrote them into the environment. */
  trustedOrigins: readonly string[]
  connectMs: number
  resolve?: Resolve | undefined
}

/** What would have been connected to lies on this machine or in a private network. */
class PrivateAddress extends Error {
  readonly code = 'OUTBOUND_PRIVATE_ADDRESS'

  constructor(hostname: string) {
    super(`${hostname} has no address on the public internet`)
    this.name = 'PrivateAddress'
  }
}

/**
 * Connects to the public internet only. The address that was looked at is the one that is connected to, so a name that answers otherwise
 * the next time changes nothing; and since every connection is made here, so is that of a redirect.
 */
export function checkedConnector({ trustedOrigins, connectMs, resolve = resolveBySystem }: ConnectorOptions): buildConnector.connector {
  const trusted = new Set(trustedOrigins)
  const anywhere = buildConnector({ timeout: connectMs, allowH2: false })
  const publicly = buildConnector({ timeout: connectMs, allowH2: false, lookup: checkedLookup(resolve) })
  return (options, callback) => {
    if (trusted.has(originOf(options))) return anywhere(options, callback)
    const literal = options.hostname.replace(/^\[(.*)\]$/, '$1')
    // Nothing is looked up for these.
    if (isIP(literal) !== 0 && !isPublicAddress(literal)) return callback(new PrivateAddress(options.hostname), null)
    return publicly(options, callback)
  }
}

function originOf({ protocol, hostname, port }: buildConnector.Options): string {
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return new URL(`${protocol}//${host}${port ? `:${port}` : ''}`).origin
}

/** A name of which one address is private is refused whole: whoever runs it decides which of them is tried first. */
const checkedLookup =
  (resolve: Resolve): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, (error, addresses) => {
      if (error) return callback(error, '')
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isPublicAddress(address))) return callback(new PrivateAddress(hostname), '')
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
    })

const resolveBySystem: Resolve = (hostname, answer) => lookup(hostname, { all: true, order: 'verbatim' }, answer)
