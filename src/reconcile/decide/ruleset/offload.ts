/**
 * Established forwarded connections -> a flowtable: the kernel then sends their packets on from the ingress hook, past
 * policy rules and nftables. Pure.
 *
 * - Only packets with our mark add a flow. The kernel routes the other direction with that mark, too; without one, an
 *   answer would have its question routed anew, perhaps by another uplink.
 * - The flowtable's name says what it is for: whenever a device or an uplink comes or goes it is another one, and every
 *   flow goes through the rules once more. What still holds is back in the fast path with its next packet.
 */

import { hookPriorities, marks } from '../../../layout.ts'
import { usable } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain, Link, NamedSet } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { isInterfaceName } from '../../../net/valid.ts'
import { digest } from '../../../values/digest.ts'
import { hex } from '../../../values/hex.ts'

export interface Offload {
  readonly chains: readonly Chain[]
  readonly sets: readonly NamedSet[]
}

export function decideOffload({ balance, layout }: Config, uplinks: readonly Uplink[], observed: Observed): Offload {
  const devices = observed.links.filter(routes)
  if (!balance.offload || !observed.flowtables || devices.length === 0) return { chains: [], sets: [] }
  const working = (['inet', 'inet6'] as const).map((family) => usable(family, uplinks).map(({ number }) => number))
  // Conntrack's own counters, and so what `ifbalance connections` tells, would stand still without `counter`.
  const definition = `hook ingress priority 0; devices = { ${devices.map((link) => `"${link.name}"`).join(', ')} }; counter`
  const name = `fast_${digest(JSON.stringify([devices.map(({ index }) => index), working, definition]))}`
  const { pinned } = marks(layout)
  return {
    chains: [
      {
        // The name is not `offload`, which is a word of nft's.
        name: 'fast',
        hook: { type: 'filter', hook: 'forward', priority: hookPriorities.offload },
        rules: [`meta mark & ${hex(pinned)} != 0 ct state established meta l4proto { tcp, udp } flow add @${name}`],
      },
    ],
    sets: [
      {
        kind: 'flowtable',
        name,
        definition,
      },
    ],
  }
}

/** Whether the link is Ethernet with addresses: uplinks, LANs, their VLANs and bridges. */
function routes({ name, type, up, master, addresses }: Link): boolean {
  return type === ethernet && up && master === null && addresses.length > 0 && isInterfaceName(name)
}

const ethernet = 1

export function offloadWarnings({ balance }: Config, { flowtables }: Observed): readonly Trouble[] {
  return balance.offload && flowtables === false
    ? [
        {
          kind: 'no-flowtables',
          reason: 'offload = yes: this kernel has no flowtables, so every packet goes through the rules',
        },
      ]
    : []
}
