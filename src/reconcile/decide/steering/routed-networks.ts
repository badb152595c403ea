/**
 * Networks behind this host whose hosts have public addresses that are no uplink's, as far as is known: one provider routes
 * them here, and the others drop what comes from them. Table `main` leads them out by that provider, or did so before us, so what
 * they send is left to it. What is known as an uplink's (`prefix =`, or delegated) is not among them: it can be translated. Pure.
 */

import { tables } from '../../../layout.ts'
import type { Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { readAddressRange } from '../../../net/address-range.ts'
import type { Family, Range } from '../../../net/family.ts'

/** Each is a policy rule that a new connection goes past. Where there are more, all are balanced. */
export const maxRoutedNetworks = 16

/**
 * What is not of the internet, as far as hosts have it for sources: RFC 6890 with RFC 1918, 6598 and 3927. The networks of
 * documentation are left out; nobody has them.
 */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
].concat(['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'])

/** Global unicast (RFC 4291, 2.4, and IANA's registry). */
const public6 = '2000::/3'

/** Prefixes as iproute2 writes them, in the order of main. */
export function routedNetworks(family: Family, uplinks: readonly Uplink[], { routes }: Observed): readonly string[] {
  const devices = new Set(uplinks.flatMap((uplink) => (uplink[family] === null ? [] : [uplink.interface])))
  const known = uplinks.flatMap(({ prefixes = [], formerPrefixes = [] }) => [...prefixes, ...formerPrefixes])
  const ours = [...ranges(known), ...uplinks.flatMap((uplink) => ranges(uplink[family]?.addresses ?? []))]
  const leadsInside = ({ type, nexthops }: Route) =>
    type === 'unicast' && nexthops.length > 0 && nexthops.every(({ device }) => !devices.has(device))
  const inside = routes.filter((route) => route.family === family && route.table === tables.main && leadsInside(route))
  const networks = [...new Set(inside.map(({ destination }) => destination))].filter((destination) => {
    const range = readAddressRange(destination)?.range
    return range !== undefined && isPublic(family, range) && !ours.some((one) => isWithin(range, one))
  })
  return networks.length > maxRoutedNetworks ? [] : networks
}

function isPublic(family: Family, range: Range<string>): boolean {
  const within = (some: readonly string[]) => ranges(some).some((one) => isWithin(range, one))
  return family === 'inet'
    ? !within(notPublic4) && !ranges(notPublic4).some((one) => isWithin(one, range))
    : within([public6])
}

function ranges(some: readonly string[]): readonly Range<string>[] {
  return some.flatMap((text) => {
    const range = readAddressRange(text)?.range
    return range ? [range] : []
  })
}

function isWithin(inner: Range<string>, outer: Range<string>): boolean {
  return inner[0].length === outer[0].length && outer[0] <= inner[0] && inner[1] <= outer[1]
}
