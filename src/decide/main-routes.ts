/** What others have put into table `main`, and what follows for our rules. Pure. */
import { readAddressRange } from '../address-range.ts'
import { protocols, tables } from '../ids.ts'
import type { Family, Nexthop, Observed, Route, Uplink } from '../model.ts'
import { isDefault } from './paths.ts'

/**
 * Whether `main` leads anywhere that the uplinks' tables do not, so that pinned packets have to ask it first. To ask is a third
 * of what they cost, and few hosts need it: `main` was asked when the connection began.
 *
 * Networks of the host's other interfaces are nowhere that a connection on an uplink could lead, unless the uplink has the
 * same addresses on its link.
 */
export function mainKnowsMore(family: Family, uplinks: readonly Uplink[], { routes }: Observed): boolean {
  const gateways = new Map(uplinks.map((uplink) => [uplink.interface, uplink[family]?.gateway]))
  const isUplinks = ({ device, gateway }: Nexthop) =>
    gateways.has(device) && (gateway === null || gateway === gateways.get(device))
  const isOwn = ({ type, nexthops }: Route) => type === 'unicast' && nexthops.every(isUplinks)
  const specific = routes.filter((route) => route.family === family && route.table === tables.main && isSpecific(route))
  const own = specific.filter(isOwn)
  return specific.some(
    (route) =>
      !isOwn(route) &&
      (route.protocol !== protocols.kernel || own.some(({ destination }) => overlap(destination, route.destination))),
  )
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
