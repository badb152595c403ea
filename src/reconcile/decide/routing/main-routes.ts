/** What others have put into table `main`, and what follows for our rules. Pure. */

import { protocols, tables } from '../../../layout.ts'
import type { Nexthop, Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { readAddressRange } from '../../../net/address-range.ts'
import type { Family, Range } from '../../../net/family.ts'
import { isInterfaceName } from '../../../net/valid.ts'
import { isDefault } from '../uplinks/paths.ts'

/**
 * How pinned packets, and what others look up with their mark (firewalld's reverse path filter), find ways in `main`
 * that uplinks' tables lack.
 */
export interface LanRoutes {
  /** Whether they ask `main` first, which is a third of what they cost. */
  readonly ask: boolean
  /**
   * Destinations that stay on their uplink all the same: `main` leads there by an uplink, which need not be the
   * connection's own, as an administrator's policy rule may have chosen that, or the route may be newer.
   */
  readonly skips: readonly string[]
  /**
   * Subnets of the host's other interfaces, as in `main`, which uplinks' tables have, too, where `main` is not asked.
   */
  readonly copies: readonly Route[]
}

/** How many copies each uplink's table may have. */
const maxCopies = 16

/** How many destinations have a rule: the first in the kernel's order. */
const maxSkips = 16

/** With more routes than this by others there are no skips, as on a host with a full routing table. */
const maxCompared = 1000

/** What is needed in this family. Copies suffice where `main` has nothing else to say, as on most hosts. */
export function lanRoutes(
  family: Family,
  uplinks: readonly Uplink[],
  { routes, hiddenRoutes = [] }: Observed,
): LanRoutes {
  if (hiddenRoutes.includes(family)) return { ask: true, skips: [], copies: [] }
  const gateways = new Map(uplinks.map((uplink) => [uplink.interface, uplink[family]?.gateway]))
  const isUplinks = ({ device, gateway }: Nexthop) =>
    gateways.has(device) && (gateway === null || gateway === gateways.get(device))
  const isOwn = ({ type, nexthops }: Route) => type === 'unicast' && nexthops.every(isUplinks)
  const specific = routes.filter((route) => route.family === family && route.table === tables.main && isSpecific(route))
  const own = specific.filter(isOwn)
  const others = specific.filter((route) => !isOwn(route))
  const isPlain = ({ protocol, type, nexthops }: Route) =>
    protocol === protocols.kernel &&
    type === 'unicast' &&
    nexthops.every(({ gateway, device }) => gateway === null && isInterfaceName(device))
  const ask = others.length > maxCopies || !others.every(isPlain) || anyOverlaps(others, own)
  return { ask, skips: skipsOf(own, others), copies: ask ? [] : others }
}

/** Destinations by uplinks, without those of which a part is by another device. */
function skipsOf(own: readonly Route[], others: readonly Route[]): readonly string[] {
  if (others.length > maxCompared) return []
  const destinations = new Map<string, Route>()
  for (const route of own) {
    if (destinations.size < maxSkips && !isOnLink(route)) destinations.set(route.destination, route)
  }
  const ranges = others.map(rangeOf)
  const isApart = (route: Route) => !ranges.some((other) => overlap(rangeOf(route), other))
  return [...destinations].filter(([, route]) => isApart(route)).map(([destination]) => destination)
}

/** Whether the route is the subnet of an address, which an uplink's table has as well. */
function isOnLink({ protocol, nexthops }: Route): boolean {
  return (
    protocol === protocols.kernel ||
    (protocol === protocols.advertised && nexthops.every(({ gateway }) => gateway === null))
  )
}

/**
 * Whether the route is for destinations of its own. Link-local addresses are no such, as they are asked for with an
 * interface.
 */
function isSpecific({ destination }: Route): boolean {
  return destination !== 'default' && !destination.startsWith('fe80:')
}

/** Whether one of the few has an address in common with another of them, or with one of the many. */
function anyOverlaps(few: readonly Route[], many: readonly Route[]): boolean {
  const ranges = [...few, ...many].map(rangeOf)
  return few.some((_, index) => ranges.slice(index + 1).some((other) => overlap(ranges[index], other)))
}

function rangeOf({ destination }: Route): Range<string> | undefined {
  return readAddressRange(destination)?.range
}

function overlap(one: Range<string> | undefined, other: Range<string> | undefined): boolean {
  return !one || !other || (one[0] <= other[1] && other[0] <= one[1])
}

/**
 * Whether main's best default leads past the uplinks. A VPN that puts its own default before theirs gets everything
 * that it asks for. One beside theirs does not (IPv6 keeps several of one metric, in the order in which they came): a
 * router's advertisement on a LAN would end balancing.
 */
export function mainLeadsElsewhere(family: Family, uplinks: readonly Uplink[], { routes }: Observed): boolean {
  const devices = new Set(uplinks.map((uplink) => uplink.interface))
  const defaults = routes.filter((route) => route.family === family && route.table === tables.main && isDefault(route))
  const lowest = Math.min(...defaults.map(({ metric }) => metric))
  const best = defaults.filter(({ metric }) => metric === lowest)
  return best.length > 0 && best.every(({ nexthops }) => nexthops.some(({ device }) => !devices.has(device)))
}
