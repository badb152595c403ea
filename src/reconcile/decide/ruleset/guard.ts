/**
 * What one of two routers does with a TCP connection that conntrackd has not told it of yet. Its packets may come first, and there is
 * a moment without the entry when conntrackd writes it anew (`external_inject_new()` deletes and creates). The kernel would take the
 * packet for the beginning of a connection (nf_conntrack_tcp_loose), choose an uplink and an address anew, and keep that; or answer
 * it with a reset. So it is dropped: TCP sends it again, when the entry is here. It ends soon after this router became active,
 * as who is unknown then will stay so, and is to get an error instead of silence. Pure.
 */
import { byFamily, devices } from '../../../kernel/nft/verdicts.ts'
import { hookPriorities } from '../../../layout.ts'
import type { Present } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Chain } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import { awaitsConnections } from '../../../model/pair.ts'

export function guardChains(present: readonly Present[], config: Config, observed: Observed): readonly Chain[] {
  if (!awaitsConnections(config, observed)) return []
  // `invalid` where the administrator has turned nf_conntrack_tcp_loose off.
  const unknown = (key: 'iif' | 'oif') =>
    byFamily(present, (some) => `ct state invalid,new meta l4proto tcp ${key} ${devices(some)} goto unknown`)
  const chain = (name: string, hook: 'forward' | 'input', rules: readonly string[]): Chain => ({
    ...{ name, rules },
    hook: { type: 'filter', hook, priority: hookPriorities.guard },
  })
  return [
    { name: 'unknown', hook: null, rules: ['tcp flags & (syn | ack) == syn accept', 'drop'] },
    chain('guard_forward', 'forward', [...unknown('oif'), ...unknown('iif')]),
    chain('guard_input', 'input', unknown('iif')),
  ]
}
