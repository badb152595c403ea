/**
 * Whether a device leads out or serves a LAN. Anyone on a link can advertise a router there (RFC 4861), by malice or
 * because there is one, so that alone makes no uplink of a LAN or of a card for management. Pure.
 */
import { protocols } from '../../../layout.ts'
import type { Config } from '../../../model/config.ts'
import type { Link } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { KnownUplink } from '../../../model/state.ts'
import type { Family } from '../../../net/family.ts'
import { isWithin, parsePrefix } from '../../../net/ipv6-prefix.ts'
import { getOwn } from '../../../values/get-own.ts'
import { isInOurTables } from '../ours/previous-layout.ts'
import { prefixesOfOthers, routedTo } from './dhcpv6-pd.ts'
import { isDefault, type Wishes } from './paths.ts'

/** Whether a way out is known from more than router advertisements: DHCP, the administrator, a modem. */
export function toldByOthers(
  family: Family,
  link: Link,
  { section, stanza }: Wishes,
  config: Config,
  observed: Observed,
): boolean {
  if (family === 'inet') return true
  if (typeof (section?.gateway?.inet6 ?? stanza?.gateway?.inet6) === 'string') return true
  // This host's own DHCPv6 client asked for these prefixes.
  if (routedTo(link.name, section, observed).length > 0) return true
  if (getOwn(observed.bus, link.name)?.modem !== undefined) return true
  const advertised: readonly number[] = [protocols.kernel, protocols.advertised]
  return observed.routes.some(
    (route) =>
      route.family === family &&
      isDefault(route) &&
      !isInOurTables(route, config.layout, observed) &&
      !advertised.includes(route.protocol) &&
      route.nexthops.some(({ device }) => device === link.name),
  )
}

/**
 * Whether a device without a way out in IPv4 serves a LAN or is a card for management: it has an IPv4 address, or one
 * from another uplink's prefix. But a DHCP client sets the address first and tells of the gateway after that, so a
 * device that was an uplink before is taken for neither meanwhile.
 */
export function servesLan(link: Link, before: KnownUplink | undefined, config: Config, observed: Observed): boolean {
  const outer = prefixesOfOthers(link.name, config, observed).flatMap((text) => parsePrefix(text) ?? [])
  const isBehind = (address: string) => {
    const inner = parsePrefix(`${address}/128`)
    return inner !== null && outer.some((prefix) => isWithin(inner, prefix))
  }
  const usable = link.addresses.filter(({ global, usable }) => global && usable)
  if (usable.some(({ family, address }) => family === 'inet6' && isBehind(address))) return true
  const addresses = usable.filter(({ family }) => family === 'inet')
  if (addresses.length === 0 || before?.families?.includes('inet')) return false
  const isSettled = ({ address, dynamic }: (typeof addresses)[number]) =>
    !dynamic ||
    getOwn(observed.leases, link.name)?.address === address ||
    (getOwn(observed.bus, link.name)?.addresses.includes(address) ?? false)
  return before?.interface !== link.name || addresses.some(isSettled)
}
