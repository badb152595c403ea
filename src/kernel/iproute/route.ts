/** A route as arguments of `ip route`, and back from `ip -d -N -j route` (iproute2 6.1 and 6.15). Pure. */
import type { Nexthop, Route, RouteMetrics, RouteType } from '../../model/kernel.ts'
import type { Family } from '../../net/family.ts'
import { type Json, listOf, numberOf, objectOf, stringOf, stringOrNull } from '../../values/checked.ts'

// ---- written: in numbers only, as names of tables may not be there yet --------------------------------------------

/** The route as words of `ip route replace`, in one text. */
export function routeWords(route: Route): string {
  const [first, ...others] = route.nexthops
  const { metrics = {}, source } = route
  const identity = [...routeIdentity(route), ...(source === undefined ? [] : ['src', source]), ...metricWords(metrics)]
  if (first === undefined) return identity.join(' ')
  if (others.length === 0) return [...identity, ...hopWords(first)].join(' ')
  const hops = route.nexthops.map((hop) => ['nexthop', ...hopWords(hop), 'weight', String(hop.weight)].join(' '))
  return [...identity, ...hops].join(' ')
}

/** The words by which `ip route delete` finds the route. */
export function routeIdentity({ type, destination, table, protocol, metric }: Route): readonly string[] {
  return [
    ...(type === 'unicast' ? [] : [type]),
    destination,
    ...['table', String(table), 'proto', String(protocol)],
    ...(metric === 0 ? [] : ['metric', String(metric)]),
  ]
}

function hopWords({ gateway, device, onlink }: Nexthop): readonly string[] {
  return [...(gateway === null ? [] : ['via', gateway]), 'dev', device, ...(onlink ? ['onlink'] : [])]
}

// ---- read back ---------------------------------------------------------------------------------------------------

/** Types by the RTN_ numbers of linux/rtnetlink.h. */
const routeTypes: Readonly<Record<string, RouteType>> = {
  1: 'unicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
}

/**
 * Routes from a listing, without those whose lifetime is over (`expires`, in seconds): the kernel lists them until it
 * tidies up, but does not use them.
 */
export function parseRoutes(family: Family, routes: readonly Json[]): readonly Route[] {
  return routes.filter(({ expires }) => !(Number(expires) <= 0)).map((route) => parseRoute(family, route))
}

function parseRoute(family: Family, route: Json): Route {
  const type = routeTypes[stringOf(route['type'])] ?? 'other'
  const metrics = readMetrics(objectOf(listOf(route['metrics'])[0]))
  return {
    family,
    type,
    destination: stringOf(route['dst']),
    table: Number(route['table']),
    protocol: Number(route['protocol']),
    metric: numberOf(route['metric'] ?? 0),
    // IPv6 lists an unreachable route as leading to lo.
    nexthops: type === 'unicast' ? parseNexthops(route) : [],
    ...(type === 'unicast' && typeof route['prefsrc'] === 'string' && { source: route['prefsrc'] }),
    ...(type === 'unicast' && metrics && { metrics }),
  }
}

/** The nexthops of a listed route, or of an answer of `ip route get`. */
export function parseNexthops(route: Json): readonly Nexthop[] {
  return 'nexthops' in route
    ? listOf(route['nexthops']).map((hop) => parseNexthop(objectOf(hop)))
    : [parseNexthop(route)]
}

function parseNexthop(hop: Json): Nexthop {
  return {
    device: stringOf(hop['dev'] ?? ''),
    gateway: stringOrNull(hop['gateway']) ?? stringOrNull(objectOf(hop['via'])['host']),
    weight: numberOf(hop['weight'] ?? 1),
    onlink: listOf(hop['flags']).includes('onlink'),
  }
}

// ---- metrics: what a route says of connections besides where they go -----------------------------------------------

/** Metrics that are numbers; ip(8) has the same names in its JSON and its commands. */
const numbersOf = [
  ...[
    'mtu',
    'window',
    'rtt',
    'rttvar',
    'ssthresh',
    'advmss',
    'reordering',
    'hoplimit',
    'initcwnd',
    'rto_min',
    'initrwnd',
  ],
  ...['quickack', 'fastopen_no_cookie'],
]

/**
 * Metrics that ip(8) prints in milliseconds. Without a unit it would take them for the kernel's own, which are eighths.
 */
const inMilliseconds = ['rtt', 'rttvar', 'rto_min']

/** Metrics from the `metrics` of `ip -json route`; undefined where there is none that we know. */
function readMetrics(printed: Readonly<Record<string, unknown>>): RouteMetrics | undefined {
  const numbers = numbersOf.flatMap((name): readonly (readonly [string, number])[] => {
    const value = printed[name]
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? [[name, value]] : []
  })
  const { congestion } = printed
  const found: RouteMetrics = {
    ...Object.fromEntries(numbers),
    ...('ecn' in printed && { features: 'ecn' }),
    // It goes into a command, so only names such as the kernel's own algorithms have are taken.
    ...(typeof congestion === 'string' && /^[a-z][a-z0-9_]{0,14}$/.test(congestion) && { congctl: congestion }),
  }
  return Object.keys(found).length > 0 ? found : undefined
}

function metricWords(metrics: RouteMetrics): readonly string[] {
  return Object.entries(metrics).flatMap(([name, value]) => [
    name,
    `${value}${inMilliseconds.includes(name) ? 'ms' : ''}`,
  ])
}
