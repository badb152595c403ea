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
export interface OtherWays {
  /** They ask `main` first, which is a third of what they cost. */
  readonly ask: boolean
  /** Or these subnets of the host's other interfaces, as in `main`, are in the uplinks' tables, too. */
  readonly copies: readonly Route[]
}

/** As many are in each uplink's table. */
const maxCopies = 16

/** Copies serve where `main` has nothing else to say, as on most hosts. */
export function otherWays(family: Family, uplinks: readonly Uplink[], { routes }: Observed): OtherWays {
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
  return { ask, copies: ask ? [] : others }
}

/** Link-local addresses are asked for with an interface. */
function isSpecific({ destination }: Route): boolean {
  return destination !== 'default' && !destination.startsWith('fe80:')
}

/** Whether one of the few has an address in common with another of them, or with one of the many. */
function anyOverlaps(few: readonly Route[], many: readonly Route[]): boolean {
  const ranges = [...few, ...many].map(({ destination }) => readAddressRange(destination)?.range)
  return few.some((_, index) => ranges.slice(index + 1).some((other) => overlap(ranges[index], other)))
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
