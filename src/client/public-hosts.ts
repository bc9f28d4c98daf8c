// SPDX-License-Identifier: Apache-2.0
// Which hosts everybody can reach. Where a stranger says whom to ask, a host that only the caller can
// reach (its own machine, its network, the metadata service of its cloud) must not be asked.

/** First address and prefix length (IANA special-purpose registry): not to be reached by everybody. */
const SPECIAL_4: readonly (readonly [first: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
]

/** As above, inside of 2000::/3, which is all that is routed; some of these hold addresses of IPv4. */
const SPECIAL_6: readonly (readonly [first: string, prefix: number])[] = [
  ['2001:0:0:0:0:0:0:0', 23],
  ['2001:db8:0:0:0:0:0:0', 32],
  ['2002:0:0:0:0:0:0:0', 16],
  ['3fff:0:0:0:0:0:0:0', 20],
]
const ROUTED_6 = ['2000:0:0:0:0:0:0:0', 3] as const

/** Names that mean something in a network of one's own only (RFC 6761, RFC 6762, RFC 8375). */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|arpa|svc)$/

const GROUPS = 8
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/**
 * Whether the host of a URL can be one that everybody reaches, by its form alone: what a name
 * resolves to is for the platform to see.
 *
 * @param hostname as `URL` has it, which knows one spelling of each address
 */
export function isPublicHost(hostname: string): boolean {
  if (hostname.startsWith('[') || IPV4.test(hostname)) {
    return isPublicAddress(hostname.replace(/^\[|\]$/g, ''))
  }
  const name = hostname.replace(/\.$/, '')
  return name.includes('.') && !LOCAL_NAME.test(name)
}

/** Whether everybody reaches an address; false for what is none, and for one with a zone. */
export function isPublicAddress(address: string): boolean {
  if (IPV4.test(address))
    return !SPECIAL_4.some(([first, prefix]) => within(address, first, prefix))
  const groups = spelledOut(address)
  return (
    groups !== null &&
    within(groups, ...ROUTED_6) &&
    !SPECIAL_6.some(([first, prefix]) => within(groups, first, prefix))
  )
}

/** All eight groups of an IPv6 address, without the zeros that lead; null for what is none. */
function spelledOut(address: string): string | null {
  const url = `https://[${address}]/`
  if (!URL.canParse(url)) return null
  const groups = new URL(url).hostname.slice(1, -1).split(':')
  // The one gap stands for as many zeros as are missing; at an end it makes a second empty group.
  const given = groups.filter(Boolean).length
  const zeros = Array(GROUPS - given).fill('0')
  const gap = groups.indexOf('')
  return gap < 0
    ? groups.join(':')
    : groups.toSpliced(gap, groups.length - given, ...zeros).join(':')
}

/** Whether the first `prefix` bits are the same. */
const within = (address: string, first: string, prefix: number): boolean =>
  bits(address).slice(0, prefix) === bits(first).slice(0, prefix)

const bits = (address: string): string =>
  address.includes('.')
    ? address
        .split('.')
        .map((part) => Number(part).toString(2).padStart(8, '0'))
        .join('')
    : address
        .split(':')
        .map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0'))
        .join('')
