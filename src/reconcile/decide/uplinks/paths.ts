/** How each family leaves by an interface: its gateway, by the best source that knows it. Pure. */
import { tables } from '../../../layout.ts'
import type { Config, UplinkConfig } from '../../../model/config.ts'
import type { Gateways, StanzaOptions } from '../../../model/facts.ts'
import { type KnownBy, knownBy } from '../../../model/gateway-sources.ts'
import type { Address, Link, Route, RouteMetrics } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Path } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { contains } from '../../../net/prefix.ts'
import { isGateway, isLinkLocal } from '../../../net/valid.ts'
import { getOwn } from '../../../values/get-own.ts'
import { isInOurTables } from '../ours/previous-layout.ts'
import { lanAddresses, routedTo } from './dhcpv6-pd.ts'

export interface Wishes {
  readonly section: UplinkConfig | undefined
  readonly stanza: StanzaOptions | undefined
}

/** The path of a family. Null where the interface has no address of it, or nothing says how to leave by it. */
export function decidePath(
  family: Family,
  link: Link,
  wishes: Wishes,
  config: Config,
  observed: Observed,
): Path | null {
  const addresses = link.addresses.filter((address) => address.family === family && address.global && address.usable)
  const prefixes = family === 'inet6' ? routedTo(link.name, wishes.section, observed) : []
  // A provider may route a prefix to a link that has no address of it (RFC 7084, WPD-5).
  const isBare = addresses.length === 0 && prefixes.length === 0
  // The only address may be with this router's peer: then all else is ready before it comes.
  if (isBare && !(config.ha && wishes.section?.gateway?.[family])) return null
  const gateway = gatewayOf(family, link, wishes, config, observed)
  if (gateway === undefined) return null
  const elsewhere = lanAddresses(link, prefixes, observed)
  // The kernel looks for the gateway's subnet in `main`, which lacks it where a network manager uses another table.
  const inMain = () => observed.routes.some((route) => isSubnetOf(link, route) && route.family === family)
  const isReachable = (next: string) =>
    addresses.some((address) => !address.peer && contains(address, next)) && inMain()
  const { source, metrics } = defaultRoute(family, link, config, observed) ?? {}
  return {
    gateway,
    ...limits(link, metrics, wishes.section?.mtu, foundBy(family, link, gateway, observed)),
    ...(addresses.some(({ address }) => address === source) && source !== undefined && { source }),
    onlink: gateway !== null && !isLinkLocal(gateway) && !isReachable(gateway),
    addresses: addresses.toSorted(byPreference(wishes.section?.source?.[family])).map(({ address }) => address),
    ...(isBare && { elsewhere: true as const }),
    ...(elsewhere.length > 0 && { lanAddresses: elsewhere }),
    ...(addresses.length > 0 && addresses.every(({ deprecated }) => deprecated) && { deprecated: true }),
  }
}

/**
 * Sort order of addresses: deprecated ones last, and behind them the one that a peer may have tomorrow. Probes use the
 * first.
 */
function byPreference(source: string | undefined) {
  const rank = ({ address, deprecated }: Address) => (address === source ? 2 : deprecated ? 1 : 0)
  return (a: Address, b: Address) => rank(a) - rank(b) || (a.address < b.address ? -1 : 1)
}

/** The gateway's address; null on a link that needs none; undefined where nobody knows it. */
function gatewayOf(
  family: Family,
  link: Link,
  { section, stanza }: Wishes,
  config: Config,
  observed: Observed,
): string | null | undefined {
  const tellers: Readonly<Record<KnownBy, () => string | null | undefined>> = {
    configuration: () => addressOnly(section?.gateway?.[family] ?? stanza?.gateway?.[family]),
    lease: () => {
      const lease = getOwn(observed.leases, link.name)
      return lease && told(family, link, lease.gateway, lease.address === undefined ? [] : [lease.address])
    },
    bus: () => {
      const bus = getOwn(observed.bus, link.name)
      return bus && told(family, link, bus.gateway, bus.addresses)
    },
    route: () => routedGateway(family, link, defaultRoute(family, link, config, observed)),
    stanza: () => addressOnly(stanza?.mainGateway?.[family]),
  }
  for (const by of knownBy) {
    const gateway = tellers[by]()
    if (gateway !== undefined) return gateway
  }
  const listed = section !== undefined || stanza?.balance === true
  return link.pointToPoint && listed && family === 'inet' ? null : undefined
}

function addressOnly(gateway: string | null | undefined): string | undefined {
  return gateway ?? undefined
}

/**
 * The gateway that someone named while the interface had one of these addresses. It counts as long as the interface
 * still has one; without addresses, always.
 */
function told(family: Family, link: Link, gateways: Gateways, addresses: readonly string[]): string | null | undefined {
  const current = addresses.length === 0 || link.addresses.some(({ address }) => addresses.includes(address))
  const gateway = current ? gateways[family] : undefined
  return gateway === null && !link.pointToPoint ? undefined : gateway
}

/** The default route by the link: main's, or that of whatever table the host's network manager was told to use. */
function defaultRoute(family: Family, link: Link, config: Config, observed: Observed): Route | undefined {
  const candidates = defaultsAmong(observed.routes).filter(
    (route) =>
      route.family === family &&
      !isInOurTables(route, config.layout, observed) &&
      route.nexthops.some(({ device }) => device === link.name),
  )
  return candidates.toSorted(
    (a, b) => Number(b.table === tables.main) - Number(a.table === tables.main) || a.metric - b.metric,
  )[0]
}

/** Each of a thousand links asks for them, and a table may have ten thousand others. */
function defaultsAmong(routes: readonly Route[]): readonly Route[] {
  const known = defaults.get(routes) ?? routes.filter(isDefault)
  defaults.set(routes, known)
  return known
}

const defaults = new WeakMap<readonly Route[], readonly Route[]>()

function routedGateway(family: Family, link: Link, route: Route | undefined): string | null | undefined {
  const hop = route?.nexthops.find(({ device }) => device === link.name)
  if (hop === undefined) return undefined
  return hop.gateway === null || isGateway(hop.gateway, family) ? hop.gateway : undefined
}

function isSubnetOf({ name }: Link, { table, type, destination, nexthops }: Route): boolean {
  return (
    table === tables.main &&
    type === 'unicast' &&
    destination !== 'default' &&
    !destination.startsWith('fe80:') &&
    nexthops.every(({ device, gateway }) => device === name && gateway === null)
  )
}

/**
 * The MTU of a path, with its metrics: the administrator's, or what was found out, where that is smaller than what interface and
 * route allow. Packets that are larger than the interface's MTU would never leave it.
 */
function limits(
  { mtu: ofLink }: Link,
  metrics: RouteMetrics = {},
  wanted: number | undefined,
  found: number | null,
): Pick<Path, 'mtu' | 'narrowed' | 'metrics'> {
  const routed = Math.min(ofLink, Number(metrics['mtu'] ?? ofLink))
  const mtu = Math.min(routed, wanted ?? found ?? routed)
  const by = mtu < routed ? (wanted === undefined ? 'probes' : 'configuration') : 'route'
  const from = mtu < routed ? routed : ofLink
  const all = mtu < routed || wanted !== undefined || 'mtu' in metrics ? { ...metrics, mtu } : metrics
  return {
    mtu,
    ...(mtu < from && { narrowed: { by, from } }),
    ...(Object.keys(all).length > 0 && { metrics: all }),
  }
}

/** What was found out of the way by this gateway: another may lead elsewhere. */
function foundBy(family: Family, { name }: Link, gateway: string | null, { pathMtus = {} }: Observed): number | null {
  const found = getOwn(pathMtus, name)?.[family]
  return found?.gateway === gateway ? found.mtu : null
}

export function isDefault(route: Route): boolean {
  return route.destination === 'default' && route.type === 'unicast'
}
