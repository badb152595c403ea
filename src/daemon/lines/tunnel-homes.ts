/**
 * Which uplinks tunnels would take if they began now: asked as by `ifbalance explain`, as rules and routes of table main may have
 * them elsewhere than where new connections go.
 */
import { explain } from '../../explain/explain.ts'
import type { Facts } from '../../explain/explanation.ts'
import { type TunnelPeer, tunnelKey } from '../../model/tunnel.ts'

/** Of more, which only a hub has, it is not asked: that runs two programs for each. */
const most = 32

/** By tunnel, their numbers; 0 stands for what is no uplink. Throws where ip(8) or nft(8) cannot be run. */
export async function homesOf(
  peers: readonly TunnelPeer[],
  facts: Facts,
): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
  if (peers.length > most) return new Map()
  const numbers = new Map(facts.desired.uplinks.map(({ name, number }) => [name, number]))
  return new Map(
    await Promise.all(
      peers.map(async (peer) => {
        const { family, address, port, listenPort, mark } = peer
        // The kernel's own packets have no user and no control group.
        const nobody = { user: null, cgroup: null, dscp: 0, from: null, incoming: null }
        const packet = { family, destination: address, protocol: 'udp', port, sourcePort: listenPort, mark } as const
        const { ways } = await explain({ ...packet, ...nobody }, facts)
        const home = new Set(ways.map(({ uplink }) => numbers.get(uplink ?? '') ?? 0))
        return [tunnelKey(peer), home] as const
      }),
    ),
  )
}
