/** Uplinks -> the routes of their tables, and the balanced default. Pure. */

import { balancedTable, closingMetric, ipv6DefaultMetric, protocols, tables, uplinkTable } from '../../../layout.ts'
import { activeUplinks, isLinked, type Usable } from '../../../model/active-uplinks.ts'
import type { Config } from '../../../model/config.ts'
import type { Nexthop, Route } from '../../../model/kernel.ts'
import type { ClosingRoute } from '../../../model/mode.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import type { Family } from '../../../net/family.ts'
import { isInOurTables } from '../ours/previous-layout.ts'
import { routedServers } from '../translation/name-servers.ts'
import { subnetsWithinBounds } from '../uplinks/bounds.ts'
import { commonMetrics } from './common-metrics.ts'
import { lanRoutes } from './main-routes.ts'

export function decideRoutes(
  family: Family,
  config: Config,
  uplinks: readonly Uplink[],
  observed: Observed,
): readonly Route[] {
  const balanced = balancedRoutes(family, config, uplinks)
  const named = routedServers(family, config, uplinks, observed).map(({ server, by }) =>
    unicast(family, balancedTable(config.layout), server, nexthops(family, by)),
  )
  const closing = closingType(family, config, balanced)
  const local = observed.routes.filter(
    (route) => route.family === family && isLocal(route) && !isInOurTables(route, config.layout, observed),
  )
  const { copies } = lanRoutes(family, uplinks, observed)
  const own = uplinks.flatMap((uplink) => uplinkRoutes(family, uplink, closing, config, { local, copies }))
  return [...own, ...balanced, ...named]
}

/**
 * The type of the last route of uplinks' tables. Where IPv6 finds no route without a source address, it asks again with
 * one (ip6_dst_lookup_tail), and a dead uplink's serves. So what is the last resort has to be said by the uplinks'
 * tables, too.
 */
function closingType(family: Family, { balance }: Config, balanced: readonly Route[]): ClosingRoute {
  const isLost = family === 'inet6' && balanced.every(({ type }) => type !== 'unicast')
  return isLost && balance.lastResort !== 'main' ? balance.lastResort : (balance.closing ?? 'unreachable')
}

/**
 * Routes of an uplink's table: its default, the subnets on its link (a socket bound to the device asks this table
 * alone) and on others, and an end, so that what is pinned to an uplink that cannot carry it fails at once instead of
 * leaving by another with a wrong source.
 */
function uplinkRoutes(
  family: Family,
  uplink: Uplink,
  end: ClosingRoute,
  config: Config,
  { local, copies }: { readonly local: readonly Route[]; readonly copies: readonly Route[] },
): readonly Route[] {
  const table = uplinkTable(uplink.number, config.layout)
  const closing = closingRoute(family, table, end)
  const path = uplink[family]
  if (path === null) return [closing]
  const here = local.filter(({ nexthops: hops }) => hops.every(({ device }) => device === uplink.interface))
  const inMain = here.filter((route) => route.table === tables.main)
  // A network manager may have been told to keep the link's subnets in a table of their own.
  const onLink = subnetsWithinBounds(
    [...inMain, ...here.filter((route) => !inMain.some(({ destination }) => destination === route.destination))],
    path,
  )
  return [
    ...[...onLink, ...copies].map((route) => ({
      ...unicast(
        family,
        table,
        route.destination,
        route.nexthops.map(({ device }) => hop(device, null)),
      ),
      ...attributes(route),
    })),
    {
      ...unicast(family, table, 'default', [{ ...hop(uplink.interface, path.gateway), onlink: path.onlink }]),
      ...attributes(path),
    },
    closing,
  ]
}

/** Whether the route is a subnet on some link. */
function isLocal({ table, type, destination, nexthops }: Route): boolean {
  return (
    table !== tables.local &&
    type === 'unicast' &&
    destination !== 'default' &&
    nexthops.every(({ gateway }) => gateway === null)
  )
}

function balancedRoutes(family: Family, config: Config, uplinks: readonly Uplink[]): readonly Route[] {
  const table = balancedTable(config.layout)
  const carrying = activeUplinks(family, config, uplinks)
  const { lastResort } = config.balance
  return [
    ...(carrying.length === 0
      ? []
      : [{ ...unicast(family, table, 'default', nexthops(family, carrying)), ...commonAttributes(carrying) }]),
    ...(family === 'inet' && carrying.length > 1 ? carrying.map((uplink) => single(uplink, table)) : []),
    ...(lastResort === 'main' ? [] : [closingRoute(family, table, lastResort)]),
    ...(family === 'inet' ? groups.map((group) => toMain(group, table)) : []),
  ]
}

/**
 * Destinations without an interface that go to everyone on one link, and are answered from there: main's best default
 * takes them, as ever. IPv6 has routes for them in table `local`.
 */
const groups = ['224.0.0.0/4', '255.255.255.255']

function toMain(destination: string, table: number): Route {
  return { family: 'inet', type: 'throw', destination, table, protocol: protocols.route, metric: 0, nexthops: [] }
}

/**
 * A default by one uplink alone, behind the multipath one (IPv4). When a device is unregistered, the kernel deletes the
 * whole multipath route, and the first of these that is left carries all until the next round.
 */
function single({ number, interface: device, path }: Usable, table: number): Route {
  const hops = [{ ...hop(device, path.gateway), onlink: path.onlink }]
  return { ...unicast('inet', table, 'default', hops), metric: number, ...attributes(path) }
}

function attributes({ source, metrics }: Pick<Route, 'source' | 'metrics'>): Pick<Route, 'source' | 'metrics'> {
  return { ...(source !== undefined && { source }), ...(metrics && { metrics }) }
}

/**
 * Source and metrics of the balanced default. A source only where it has one nexthop, as nexthops of one route have no
 * sources of their own.
 */
function commonAttributes(carrying: readonly Usable[]): Pick<Route, 'source' | 'metrics'> {
  const [first, ...others] = carrying
  if (first && others.length === 0) return attributes(first.path)
  const metrics = commonMetrics(carrying.map(({ path }) => path))
  return metrics ? { metrics } : {}
}

/** Text lines for the log, one for each family in which nothing answers. */
export function findDeadFamilies(uplinks: readonly Uplink[]): readonly Trouble[] {
  return (['inet', 'inet6'] as const).flatMap((family): readonly Trouble[] => {
    const lines = uplinks.filter(isLinked).flatMap((uplink) => uplink[family] ?? [])
    const dead = lines.length > 0 && lines.every(({ line }) => line?.state === 'offline')
    const reason = `no uplink answers over ${family === 'inet' ? 'IPv4' : 'IPv6'}: all stay in use`
    return dead ? [{ kind: 'nothing-answers', family, reason }] : []
  })
}

/**
 * Nexthops of the balanced default. IPv6 multipath refuses one without a gateway. A point-to-point link has no
 * neighbour discovery, so it never asks who its gateway is, and any link-local address serves as one.
 */
function nexthops(family: Family, carrying: readonly Usable[]): readonly Nexthop[] {
  const several = carrying.length > 1
  return carrying.map(({ interface: device, weight, path }) => ({
    device,
    gateway: path.gateway ?? (family === 'inet6' && several ? 'fe80::1' : null),
    weight: several ? weight : 1,
    onlink: path.onlink,
  }))
}

function unicast(family: Family, table: number, destination: string, hops: readonly Nexthop[]): Route {
  const metric = family === 'inet6' ? ipv6DefaultMetric : 0
  return { family, type: 'unicast', destination, table, protocol: protocols.route, metric, nexthops: hops }
}

function closingRoute(family: Family, table: number, type: ClosingRoute): Route {
  return { family, type, destination: 'default', table, protocol: protocols.route, metric: closingMetric, nexthops: [] }
}

function hop(device: string, gateway: string | null): Nexthop {
  return { device, gateway, weight: 1, onlink: false }
}
