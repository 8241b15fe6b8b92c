import ipaddr from 'ipaddr.js'

/** What an IPv6 user is given at the least, so that a limit per address is none per address of theirs. */
const USERS_BLOCK_BITS = 64
/** The only part of IPv6 that is handed out for the public internet (RFC 4291, IANA). */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number]
/** IPv4 addresses as an IPv6-only network writes them (RFC 6052). */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96') as [ipaddr.IPv6, number]

/** Azure answers every machine of its own at this address, which lies in no private range (Microsoft Learn, "What is 168.63.129.16?"). */
const AZURE_PLATFORM = '168.63.129.16'

/** Whom to count an address to: the address itself, or the /64 that it lies in. What is no address stands for itself. */
export function addressBlock(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  return `${new ipaddr.IPv6([...parsed.parts.slice(0, USERS_BLOCK_BITS / 16), 0, 0, 0, 0]).toString()}/${USERS_BLOCK_BITS}`
}

/** Whether an IP address, as the system writes it, lies on the public internet: not loopback, link-local, private, shared or reserved. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast' && parsed.toString() !== AZURE_PLATFORM
  if (parsed.match(NAT64)) return isPublicAddress(new ipaddr.IPv4(parsed.toByteArray().slice(12)).toString())
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_UNICAST)
}
