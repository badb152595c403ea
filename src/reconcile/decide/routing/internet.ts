/**
 * Where new connections to the internet really go: by all rules and routes as they are, others' included. A tunnel has
 * its own default, or halves of one (OpenVPN's 0.0.0.0/1 and 128.0.0.0/1, a lease's option 121), or a rule and a table
 * of its own (wg-quick), and goes before the balanced default. Pure.
 */

import type { Layout } from '../../../layout.ts'
import { balancedTable, tables } from '../../../layout.ts'
import type { Route, Rule } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { digitsOf, readAddressRange } from '../../../net/address-range.ts'
import type { Family } from '../../../net/family.ts'

interface Way {
  readonly device: string
  /** Share of new connections, 0 to 1. */
  readonly share: number
  /** Number of the table with the routes that lead there. */
  readonly table: number
  /** Whether its route is for a part of the internet, and so no default. */
  readonly isPart: boolean
}

/**
 * Addresses all over the internet, none of them anyone's in particular: a route for a half or a quarter of the internet
 * has as much of these.
 */
const samples: Readonly<Record<Family, readonly string[]>> = {
  inet: [2, 17, 31, 45, 62, 77, 91, 105, 130, 144, 151, 166, 185, 195, 208, 217].map((first) => `${first}.213.77.119`),
  inet6: ['2003', '2403', '2605', '2804', '2a02', '2a0e', '2c0f', '3001'].map((first) => `${first}:8d5:71e9::77`),
}

/** Routes with longer prefixes are for somebody in particular. */
const longest = { inet: 8, inet6: 16 } as const

/**
 * The ways of a connection without mark that is bound to nothing. The shares may sum up to less than 1: the rest has no
 * route.
 */
export function internetWays(family: Family, observed: Observed): readonly Way[] {
  // With our ignore_routes_with_linkdown the kernel passes over nexthops without carrier before we have even looked.
  const alive = new Set(observed.links.filter((link) => link.up && link.carrier).map((link) => link.name))
  const byTable = Map.groupBy(
    observed.routes.flatMap((route) => (route.family === family ? wide(route) : [])),
    ({ route }) => route.table,
  )
  const rules = observed.rules.filter((rule) => rule.family === family)
  const ways = new Map<string, Way>()
  for (const address of samples[family]) {
    const { route, length = 0 } = lookUp(digitsOf(address), rules, byTable) ?? {}
    const hops = (route?.nexthops ?? []).filter(({ device }) => alive.has(device))
    const all = hops.reduce((sum, { weight }) => sum + weight, 0)
    for (const { device, weight } of hops) {
      const key = `${route?.table} ${device}`
      const share = (ways.get(key)?.share ?? 0) + weight / all / samples[family].length
      ways.set(key, { device, share, table: route?.table ?? 0, isPart: length > 0 })
    }
  }
  return [...ways.values()]
}

/**
 * Text lines about what goes past balancing, one for each interface, in families in which there is something to
 * balance.
 */
export function findTakers(uplinks: readonly Uplink[], observed: Observed, layout: Layout): readonly Trouble[] {
  const isUplink = (device: string) => uplinks.some((uplink) => uplink.interface === device)
  return (['inet', 'inet6'] as const).flatMap((family): readonly Trouble[] => {
    if (uplinks.every((uplink) => uplink[family] === null)) return []
    return internetWays(family, observed)
      .filter(({ device, table, isPart }) => table !== balancedTable(layout) && (isPart || !isUplink(device)))
      .map(({ device, share, table }) => {
        const which = isUplink(device) ? 'whether it works or not' : 'which is no uplink'
        const where = table === tables.main ? 'main' : String(table)
        const reason =
          `${family === 'inet' ? 'IPv4' : 'IPv6'}: ${Math.round(share * 100)} % of new connections go by ${device}, ${which}: ` +
          `routes of table ${where} come before balancing`
        return { kind: 'bypass', family, reason } as const
      })
  })
}

interface Wide {
  readonly route: Route
  readonly length: number
  readonly range: readonly [string, string]
}

function wide(route: Route): readonly Wide[] {
  const length = route.destination === 'default' ? 0 : Number(/\/(\d+)$/.exec(route.destination)?.[1] ?? Number.NaN)
  if (!(length <= longest[route.family])) return []
  const found = length === 0 ? undefined : readAddressRange(route.destination)
  if (found === null) return []
  return [{ route, length, range: found?.range ?? ['', 'g'] }]
}

/** The route that takes an address; null where none does. */
function lookUp(digits: string, rules: readonly Rule[], byTable: ReadonlyMap<number, readonly Wide[]>): Wide | null {
  for (let at = 0; at < rules.length; at++) {
    const rule = readRule(rules[at]?.spec ?? '')
    if (!rule.matches) continue
    if (rule.goto !== undefined) {
      const target = rules.findIndex(({ priority }) => priority === rule.goto)
      // The kernel passes over a jump without a target.
      if (target > at) at = target - 1
      continue
    }
    const found = best(digits, byTable.get(rule.lookup ?? 0) ?? [])
    if (found === undefined || found.route.type === 'throw' || (rule.suppress && found.length === 0)) continue
    return found
  }
  return null
}

function best(digits: string, routes: readonly Wide[]): Wide | undefined {
  return routes
    .filter(({ range: [first, last] }) => first <= digits && digits <= last)
    .toSorted((a, b) => b.length - a.length || a.route.metric - b.route.metric)[0]
}

/**
 * What a rule does with connections in general. One with a selector that says who is meant matches none, and with `not`
 * all.
 */
function readRule(spec: string) {
  const [, not, selectors = '', action = ''] = /^(not )?(.*?) ?\b(lookup \d+.*|goto \d+|nop.*)$/.exec(spec) ?? []
  const [, lookup, suppress, rest = ''] = /^lookup (\d+)( suppress_prefixlength 0)?(.*)$/.exec(action) ?? []
  const mark = /^fwmark (\w+)\/\w+$/.exec(selectors)?.[1]
  const isMatch = mark === undefined ? selectors === '' : Number(mark) === 0
  const target = /^goto (\d+)$/.exec(action)?.[1]
  return {
    matches: action !== '' && rest === '' && isMatch !== (not !== undefined),
    ...(lookup !== undefined && { lookup: Number(lookup) }),
    ...(target !== undefined && { goto: Number(target) }),
    suppress: suppress !== undefined,
  }
}
