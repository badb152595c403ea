/**
 * Uplinks with an address for what they translate (`source`), which may be on this host, on its peer, or routed to both:
 * `masquerade` takes whichever address is the device's first, and the kernel ends what it has translated to one that
 * leaves. This host's own connections have an address of its own, as answers to another may reach the peer. Pure.
 */
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'

const verbs = { inet: 'snat ip to', inet6: 'snat ip6 to' } as const

/** What a rule does that translates in this family, one for each kind of packet; null: the uplink has no such address. */
export function changesToSource(family: Family, uplink: Uplink): readonly string[] | null {
  const source = uplink.translateTo?.[family]
  if (source === undefined) return null
  const own = ownChange(family, uplink)
  return [...(own === null ? [] : [`fib saddr type local ${own}`]), `${verbs[family]} ${source}`]
}

/** What a rule does for this host's own connections; null: the uplink has no address besides. */
export function ownChange(family: Family, uplink: Uplink): string | null {
  const source = uplink.translateTo?.[family]
  const own = source === undefined ? undefined : uplink[family]?.addresses.find((address) => address !== source)
  return own === undefined ? null : `${verbs[family]} ${own}`
}
