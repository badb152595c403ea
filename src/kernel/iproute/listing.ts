/** What `ip -d -N -j` prints -> links, routes, rules. Shapes as of iproute2 6.1 and 6.15. */
import type { Address, Link, Nexthop, Route, RouteType, Rule } from '../../model/kernel.ts'
import type { Family } from '../../net/family.ts'
import { Failure } from '../../os/error.ts'
import { readMetrics } from './route-metrics.ts'
import { type RuleAction, ruleSpec } from './rule-spec.ts'

type Json = Readonly<Record<string, unknown>>

/** One JSON array a line, one line a command of the batch. Throws where that is not so. */
export function parseBatch(stdout: string, commands: number): readonly (readonly Json[])[] {
  const arrays = stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): readonly Json[] => JSON.parse(line))
  if (arrays.length !== commands)
    throw new Failure('malformed', `reading ip's answer: ${arrays.length} parts instead of ${commands}`)
  return arrays
}

// ---- links and addresses ---------------------------------------------------------------------------------------

export function parseLinks(links: readonly Json[], addresses: readonly Json[]): readonly Link[] {
  const addressesOf = new Map<unknown, Address[]>()
  for (const link of addresses) {
    const known = addressesOf.get(link['ifindex']) ?? []
    addressesOf.set(link['ifindex'], [...known, ...list(link['addr_info']).flatMap(parseAddress)])
  }
  const indexOf = new Map(links.map((link) => [text(link['ifname']), number(link['ifindex'])]))
  return links.map((link) => {
    const flags = list<string>(link['flags'])
    const state = text(link['operstate'])
    return {
      index: number(link['ifindex']),
      name: text(link['ifname']),
      kind: optionalText(object(link['linkinfo'])['info_kind']),
      mtu: number(link['mtu']),
      type: Number(/\d+/.exec(text(link['link_type']))?.[0] ?? 0),
      up: flags.includes('UP'),
      // Wi-Fi that is not associated has LOWER_UP but is DORMANT (Documentation/networking/operstates.rst).
      carrier: flags.includes('LOWER_UP') && !['DOWN', 'DORMANT', 'LOWERLAYERDOWN', 'NOTPRESENT'].includes(state),
      pointToPoint: flags.includes('POINTOPOINT') || flags.includes('NOARP'),
      master: indexOf.get(text(link['master'])) ?? null,
      // Not netlink's: see hardware.ts.
      hardware: [],
      addresses: addressesOf.get(link['ifindex']) ?? [],
    }
  })
}

function parseAddress(info: Json): readonly Address[] {
  const family = info['family']
  if (family !== 'inet' && family !== 'inet6') return []
  return [
    {
      family,
      // With a peer, iproute2 calls our end `local` and the other `address`.
      address: text(info['local']),
      prefixLength: number(info['prefixlen']),
      peer: optionalText(info['address']),
      global: Number(info['scope']) === 0,
      usable: !info['tentative'] && !info['dadfailed'],
      ...(family === 'inet6' && info['deprecated'] ? { deprecated: true } : {}),
      ...(info['dynamic'] === true ? { dynamic: true } : {}),
    },
  ]
}

// ---- routes ----------------------------------------------------------------------------------------------------

/** RTN_ numbers of linux/rtnetlink.h. */
const routeTypes: Readonly<Record<string, RouteType>> = {
  1: 'unicast',
  6: 'blackhole',
  7: 'unreachable',
  8: 'prohibit',
  9: 'throw',
}

/** Without those whose lifetime is over (`expires`, in seconds): the kernel shows and ignores them until it tidies up. */
export function parseRoutes(family: Family, routes: readonly Json[]): readonly Route[] {
  return routes.filter(({ expires }) => !(Number(expires) <= 0)).map((route) => parseRoute(family, route))
}

function parseRoute(family: Family, route: Json): Route {
  const type = routeTypes[text(route['type'])] ?? 'other'
  const metrics = readMetrics(object(list(route['metrics'])[0]))
  const hops = 'nexthops' in route ? list(route['nexthops']) : [route]
  return {
    family,
    type,
    destination: text(route['dst']),
    table: Number(route['table']),
    protocol: Number(route['protocol']),
    metric: number(route['metric'] ?? 0),
    // IPv6 shows an unreachable route as leading to lo.
    nexthops: type === 'unicast' ? hops.map(parseNexthop) : [],
    ...(type === 'unicast' && typeof route['prefsrc'] === 'string' && { source: route['prefsrc'] }),
    ...(type === 'unicast' && metrics && { metrics }),
  }
}

function parseNexthop(hop: Json): Nexthop {
  return {
    device: text(hop['dev'] ?? ''),
    gateway: optionalText(hop['gateway']) ?? optionalText(object(hop['via'])['host']),
    weight: number(hop['weight'] ?? 1),
    onlink: list<string>(hop['flags']).includes('onlink'),
  }
}

// ---- rules -----------------------------------------------------------------------------------------------------

const understood = new Set([
  'priority',
  'protocol',
  'src',
  'srclen',
  'not',
  'fwmark',
  'fwmask',
  'iif',
  'iif_detached',
  'oif',
  'oif_detached',
  'table',
  'suppress_prefixlen',
  'goto',
  // The target is not there at the moment: `unresolved` is what ip(8) shows, and no word that it takes.
  'unresolved',
  'nop',
])

/** FR_ACT_ numbers of linux/fib_rules.h. */
const actions: Readonly<Record<string, string>> = { 6: 'blackhole', 7: 'unreachable', 8: 'prohibit' }

export function parseRule(family: Family, rule: Json): Rule {
  const source = text(rule['src'] ?? 'all')
  const spec = ruleSpec({
    not: 'not' in rule,
    ...(source === 'all' ? {} : { from: 'srclen' in rule ? `${source}/${rule['srclen']}` : source }),
    ...('fwmark' in rule
      ? { mark: { value: Number(rule['fwmark']), mask: Number(rule['fwmask'] ?? 0xffffffff) } }
      : {}),
    ...('iif' in rule ? { iif: text(rule['iif']) } : {}),
    ...('oif' in rule ? { oif: text(rule['oif']) } : {}),
    action: parseAction(rule),
  })
  // A selector that we never use makes the rule another's, whatever else it says.
  const others = Object.keys(rule).filter(
    (key) => !understood.has(key) || (key === 'suppress_prefixlen' && rule[key] !== 0),
  )
  const words = others.map((key) => (key === 'action' ? (actions[text(rule[key])] ?? key) : otherWord(key, rule[key])))
  return {
    family,
    priority: number(rule['priority']),
    protocol: Number(rule['protocol']),
    spec: [spec, ...words].filter((word) => word !== '').join(' '),
    ...(others.length > 0 && { foreign: true as const }),
  }
}

function otherWord(key: string, value: unknown): string {
  return value === null ? key : `${key} ${String(value)}`
}

/** Null: it leads to no table, by an action that we never use. */
function parseAction(rule: Json): RuleAction | null {
  if ('goto' in rule) return { goto: number(rule['goto']) }
  if ('nop' in rule) return { nop: true }
  if (!('table' in rule)) return null
  return { lookup: Number(rule['table']), suppressDefault: rule['suppress_prefixlen'] === 0 }
}

// ---- JSON whose shape is only hoped for -------------------------------------------------------------------------

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function optionalText(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {}
}

function list<T = Json>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : []
}
