/** Uplinks -> the ways out that can be probed, one for each family. Pure. */
import { isLinked } from '../../model/active-uplinks.ts'
import type { Uplink } from '../../model/uplink.ts'
import type { Egress } from './egress.ts'

export function egressesOf(uplinks: readonly Uplink[]): readonly Egress[] {
  return uplinks.flatMap((uplink) =>
    (['inet', 'inet6'] as const).flatMap((family) => {
      const path = uplink[family]
      if (!isLinked(uplink) || path === null || path.elsewhere) return []
      const others = uplinks.filter((other) => other !== uplink).flatMap((other) => other[family]?.addresses ?? [])
      const source = path.addresses.find((address) => !others.includes(address)) ?? path.lanAddresses?.[0] ?? null
      return [{ uplink: uplink.name, family, device: uplink.interface, gateway: path.gateway, source }]
    }),
  )
}
