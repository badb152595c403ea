/** What others have put into table `main`, and what follows for our rules. Pure. */
import { readAddressRange } from '../address-range.ts'
import { protocols, tables } from '../ids.ts'
import type { Family, Nexthop, Observed, Route, Uplink } from '../model.ts'
import { isInterfaceName } from '../valid.ts'
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
  const isPlain = (route: Route, index: number) =>
    route.protocol === protocols.kernel &&
    route.type === 'unicast' &&
    route.nexthops.every(({ gateway, device }) => gateway === null && isInterfaceName(device)) &&
    [...own, ...others.slice(0, index)].every(({ destination }) => !overlap(destination, route.destination))
  const ask = others.length > maxCopies || !others.every(isPlain)
  return { ask, copies: ask ? [] : others }
}

/** Link-local addresses are asked for with an interface. */
function isSpecific({ destination }: Route): boolean {
  return destination !== 'default' && !destination.startsWith('fe80:')
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [readAddressRange(one)?.range, readAddressRange(other)?.range]
  return !a || !b || (a[0] <= b[1] && b[0] <= a[1])
}

/** A VPN that puts its own default before the uplinks' gets everything that it asks for. */
export function mainLeadsElsewhere(family: Family, uplinks: readonly Uplink[], { routes }: Observed): boolean {
  const devices = new Set(uplinks.map((uplink) => uplink.interface))
  const defaults = routes.filter((route) => route.family === family && route.table === tables.main && isDefault(route))
  const best = defaults.toSorted((a, b) => a.metric - b.metric)[0]
  return best?.nexthops.some(({ device }) => !devices.has(device)) ?? false
}
