/** What others have put into table `main`, and what follows for our rules. Pure. */

import { protocols, tables } from '../../layout.ts'
import type { Nexthop, Route } from '../../model/kernel.ts'
import type { Observed } from '../../model/observed.ts'
import type { Uplink } from '../../model/uplink.ts'
import { readAddressRange } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import { isInterfaceName } from '../../net/valid.ts'
import { isDefault } from './paths.ts'

/**
 * How pinned packets, and what others look up with their mark (firewalld's reverse path filter), find the ways that `main` has
 * besides those of the uplinks' tables.
 */
export interface LanRoutes {
  /** They ask `main` first, which is a third of what they cost. */
  readonly ask: boolean
  /**
   * But what goes to these stays on its uplink: `main` leads there by an uplink, which need not be the one that the connection
   * is on, as an administrator's policy rule may have chosen that, or the route be newer.
   */
  readonly skips: readonly string[]
  /** Or these subnets of the host's other interfaces, as in `main`, are in the uplinks' tables, too. */
  readonly copies: readonly Route[]
}

/** As many are in each uplink's table. */
const maxCopies = 16

/** As many have a rule, the first in the kernel's order. */
const maxSkips = 16

/** A host with a full routing table by others has none. */
const maxCompared = 1000

/** Copies serve where `main` has nothing else to say, as on most hosts. */
export function lanRoutes(family: Family, uplinks: readonly Uplink[], { routes }: Observed): LanRoutes {
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

/** Without those of which a part is by another device. */
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

/** The subnet of an address, which an uplink's table has as well. */
function isOnLink({ protocol, nexthops }: Route): boolean {
  return (
    protocol === protocols.kernel ||
    (protocol === protocols.advertised && nexthops.every(({ gateway }) => gateway === null))
  )
}

/** Link-local addresses are asked for with an interface. */
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
 * A VPN that puts its own default before the uplinks' gets everything that it asks for. One beside them does not (IPv6 keeps
 * several of one metric, in the order in which they came): a router's advertisement on a LAN would end balancing.
 */
export function mainLeadsElsewhere(family: Family, uplinks: readonly Uplink[], { routes }: Observed): boolean {
  const devices = new Set(uplinks.map((uplink) => uplink.interface))
  const defaults = routes.filter((route) => route.family === family && route.table === tables.main && isDefault(route))
  const lowest = Math.min(...defaults.map(({ metric }) => metric))
  const best = defaults.filter(({ metric }) => metric === lowest)
  return best.length > 0 && best.every(({ nexthops }) => nexthops.some(({ device }) => !devices.has(device)))
}
