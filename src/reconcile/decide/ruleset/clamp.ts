/**
 * Uplinks whose packets are smaller than the LAN's -> what keeps forwarded TCP within them. Where the routers behind do not say
 * that a packet is too large (RFC 2923, 2.1), a connection hangs, and a host of the LAN cannot know what the uplinks take: it
 * had to know that of one way out before, and has several now. Pure.
 *
 * - Both ends are told in their first segments (RFC 879), so each direction is: `oif` for what hosts behind us will be sent, `iif`
 *   for what they will send.
 * - The kernel never makes a segment size larger (nft_exthdr.c), so an administrator's own smaller one stays.
 */

import { hookPriorities } from '../../../layout.ts'
import type { Present } from '../../../model/active-uplinks.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { ethernetMtu } from '../../../net/mtu.ts'
import { nftNumber } from '../../../values/hex.ts'

/** Bytes of the IP and TCP headers without options. */
const headers = { inet: 40, inet6: 60 } as const

export function clampChains(
  present: readonly Present[],
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Chain[] {
  const limit = largestOfLans(uplinks, observed)
  const sizes = present.map((uplink) => ({ uplink, rules: sizesOf(uplink, limit) }))
  const narrow = sizes.filter(({ rules }) => rules.length > 0)
  if (narrow.length === 0) return []
  const verdicts = narrow
    .map(({ uplink }) => uplink)
    .toSorted((a, b) => a.index - b.index)
    .map(({ index, number }) => `${index} : jump mss_${number}`)
    .join(', ')
  return [
    ...narrow.map(({ uplink, rules }) => ({ name: `mss_${uplink.number}`, hook: null, rules })),
    { name: 'syns', hook: null, rules: [`oif vmap { ${verdicts} }`, `iif vmap { ${verdicts} }`] },
    {
      name: 'clamp',
      hook: { type: 'filter', hook: 'forward', priority: hookPriorities.clamp },
      rules: ['tcp flags & (syn | rst) == syn jump syns'],
    },
  ]
}

function sizesOf({ inet, inet6 }: Present, limit: number): readonly string[] {
  return [
    ...(inet && inet.mtu < limit ? [`meta nfproto ipv4 ${setSize(inet.mtu - headers.inet)}`] : []),
    ...(inet6 && inet6.mtu < limit ? [`meta nfproto ipv6 ${setSize(inet6.mtu - headers.inet6)}`] : []),
  ]
}

function setSize(bytes: number): string {
  return `tcp option maxseg size set ${nftNumber(bytes)}`
}

/** The largest MTU in the LANs, 1500 at most: the internet's hosts announce no more than Ethernet takes. */
function largestOfLans(uplinks: readonly Uplink[], { links }: Observed): number {
  const outward = new Set(uplinks.map((uplink) => uplink.interface))
  const lans = links.filter(
    ({ name, type, up, master, addresses }) =>
      !outward.has(name) && type !== loopback && up && master === null && addresses.length > 0,
  )
  return Math.min(ethernetMtu, Math.max(0, ...lans.map(({ mtu }) => mtu)))
}

/** ARPHRD_LOOPBACK of linux/if_arp.h. */
const loopback = 772
