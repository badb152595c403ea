/**
 * The host's own datagrams that may be larger than the path takes -> routed once more, by the uplink's own table. What a router says
 * of the path (RFC 1191, RFC 8201) is looked up with the packet's source address, so the kernel notes it down there; a socket
 * without an address of its own is routed by the balanced default, which never hears of it. TCP has its own way to learn.
 * Pure.
 *
 * - No packet is too large below 1280 bytes in IPv6, and hardly one in IPv4.
 * - A connected IPv4 socket is told by itself, and is routed anew. In IPv6 it keeps the route that it had without an address.
 */

import { markOf, marks } from '../../../layout.ts'
import type { Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Family } from '../../../net/family.ts'
import { leastMtu } from '../../../net/mtu.ts'
import { hex, nftNumber } from '../../../values/hex.ts'

export interface LargeDatagrams {
  /** The last rules of `output`, as everything else there says more of where a packet goes. */
  readonly output: readonly string[]
  readonly chains: readonly Chain[]
}

export function decideLargeDatagrams(present: readonly Present[], { layout }: Config): LargeDatagrams {
  const { pinned } = marks(layout)
  const leads = (uplink: Present, family: Family) => uplink[family] !== null && uplink[family].refused === undefined
  const inFamily = (family: Family, name: string) => {
    const some = present.filter((uplink) => leads(uplink, family)).toSorted((a, b) => a.index - b.index)
    const verdicts = some.map(({ index, number }) => `${index} : goto large_${number}`).join(', ')
    return some.length > 0 ? [`meta nfproto ${name} oif vmap { ${verdicts} }`] : []
  }
  const inet = inFamily('inet', 'ipv4')
  const rules = [
    ...(inet.length > 0 ? ['meta nfproto ipv4 socket wildcard 0 return'] : []),
    ...inet,
    ...inFamily('inet6', 'ipv6'),
  ]
  if (rules.length === 0) return { output: [], chains: [] }
  const used = present.filter((uplink) => leads(uplink, 'inet') || leads(uplink, 'inet6'))
  return {
    output: [`meta length > ${nftNumber(leastMtu.inet6)} meta l4proto udp meta mark 0 jump large`],
    chains: [
      ...used.map(({ number }) => ({
        name: `large_${number}`,
        hook: null,
        rules: [`meta mark set ${hex((markOf(number, layout) | pinned) >>> 0)}`],
      })),
      { name: 'large', hook: null, rules },
    ],
  }
}
