import ipaddr from 'ipaddr.js'

/** A proxy may append the port of the client, and put IPv6 addresses in brackets: `203.0.113.7:1001`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/

/**
 * The address that a client is counted by: without port and brackets, IPv4 if it was mapped to IPv6, and of other IPv6 addresses
 * the /64, all of which a single machine can own. What is no address is returned as it is.
 */
export function clientAddress (address: string): string {
  const [, bracketed, plain] = WITH_PORT.exec(address) ?? []
  const bare = bracketed ?? plain ?? address
  if (!bare.includes(':')) return bare
  // A zone (fe80::1%eth0) is no part of the address.
  const [unzoned] = bare.split('%', 1) as [string]
  if (!ipaddr.isValid(unzoned)) return address
  const parsed = ipaddr.process(unzoned)
  return parsed.kind() === 'ipv4' ? parsed.toString() : `${ipaddr.IPv6.networkAddressFromCIDR(`${unzoned}/64`).toString()}/64`
}
