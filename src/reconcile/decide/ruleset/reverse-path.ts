/**
 * Marks for others' reverse path filters. firewalld's `IPv6_rpfilter=strict` drops, in IPv6, what has come in by
 * another way than an answer would leave by, and looks that up with the packet's mark: it gets one of a multipath
 * route's ways, chosen anew, which is wrong for half of all packets. So what comes in by an uplink has the uplink's
 * mark while they look, and not when it is routed. Pure.
 */

import { devices } from '../../../kernel/nft/verdicts.ts'
import { hookPriorities, marks } from '../../../layout.ts'
import { isUplinkIn, type Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import { hex } from '../../../values/hex.ts'

/** The chains. None where nobody looks, or there is only one way, as each packet would pay for them. */
export function reversePathChains(
  present: readonly Present[],
  { layout }: Config,
  { reversePath }: Observed,
): readonly Chain[] {
  const uplinks = present.filter((uplink) => isUplinkIn('inet6', uplink)).toSorted((a, b) => a.index - b.index)
  if (!reversePath || uplinks.length < 2) return []
  const { pinned, mask, others } = marks(layout)
  const bit = `& ${hex(pinned)} != 0`
  const chain = (name: string, priority: number, rule: string): Chain => ({
    name,
    hook: { type: 'filter', hook: 'prerouting', priority },
    rules: [`meta nfproto ipv6 iif ${devices(uplinks)} ${rule}`],
  })
  return [
    chain('looked_at', hookPriorities.lookedAt, `ct mark ${bit} meta mark 0 meta mark set ct mark & ${hex(mask)}`),
    chain('seen', hookPriorities.seen, `meta mark ${bit} meta mark set meta mark & ${hex(others)}`),
  ]
}
