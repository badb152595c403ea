/**
 * Networks behind this host whose hosts have public addresses that are no uplink's, as far as is known. One provider
 * routes them here, and the others drop what comes from them. Table `main` leads them out by that provider, or did so
 * before us, so what they send is left to it. Addresses of an uplink's prefixes (`prefix =`, or delegated) are not
 * among them, as they can be translated. Pure.
 */

import { tables } from '../../../layout.ts'
import type { Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Trouble } from '../../../model/trouble.ts'
import type { Uplink } from '../../../model/uplink.ts'
import { elementsOf, readAddressRange } from '../../../net/address-range.ts'
import type { Family, Range } from '../../../net/family.ts'

/**
 * How many networks have a policy rule, which a new connection goes past. Where there are more, prefixes that cover
 * them have.
 */
export const maxRoutedNetworks = 16

/**
 * With more networks than this, or hidden ones, as in a full table by a router that is no uplink, main has specific routes to
 * everywhere, and nothing is balanced.
 */
const mostCovered = 1024

/**
 * IPv4 that is not of the internet, as far as hosts have it for sources: RFC 6890 with RFC 1918, 6598 and 3927. The
 * networks of documentation are left out, as nobody has them.
 */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
].concat(['192.0.0.0/24', '192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'])

/** All IPv6 but global unicast, 2000::/3 (RFC 4291, 2.4, and IANA's registry). */
const notPublic6 = ['::/3', '4000::/2', '8000::/1']

const notPublic = { inet: ranges(notPublic4), inet6: ranges(notPublic6) } as const

/**
 * The networks as prefixes that iproute2 writes, in the order of main; where there are many, the prefixes of `covers`.
 */
export function routedNetworks(family: Family, uplinks: readonly Uplink[], observed: Observed): readonly string[] {
  return countRoutedNetworks(family, uplinks, observed).left
}

/** Families that have more networks than rules for them. */
export function routedNetworkWarnings(uplinks: readonly Uplink[], observed: Observed): readonly Trouble[] {
  return (['inet', 'inet6'] as const).flatMap((family): readonly Trouble[] => {
    if (uplinks.every((uplink) => uplink[family] === null)) return []
    const { networks, left, balanced } = countRoutedNetworks(family, uplinks, observed)
    if (networks <= maxRoutedNetworks) return []
    const what = `${family === 'inet' ? 'IPv4' : 'IPv6'}: of ${networks} public networks behind this host`
    const reason =
      balanced > 0
        ? `${what}, ${balanced} are balanced, and providers that do not route them drop what they send: name their addresses in rules`
        : `${what}, all are left to main, by ${left.length} prefixes that cover them`
    return [{ kind: 'many-networks', family, reason }]
  })
}

interface Count {
  readonly networks: number
  /** What is left to main: the networks, or prefixes that cover them. */
  readonly left: readonly string[]
  /** How many networks are in none of these. */
  readonly balanced: number
}

function countRoutedNetworks(
  family: Family,
  uplinks: readonly Uplink[],
  { routes, hiddenRoutes = [] }: Observed,
): Count {
  if (hiddenRoutes.includes(family)) return { networks: 0, left: [], balanced: 0 }
  const devices = new Set(uplinks.flatMap((uplink) => (uplink[family] === null ? [] : [uplink.interface])))
  const known = uplinks.flatMap(({ prefixes = [], formerPrefixes = [] }) => [...prefixes, ...formerPrefixes])
  const ours = [...ranges(known), ...uplinks.flatMap((uplink) => ranges(uplink[family]?.addresses ?? []))]
  const leadsInside = ({ type, nexthops }: Route) =>
    type === 'unicast' && nexthops.length > 0 && nexthops.every(({ device }) => !devices.has(device))
  const inside = routes.filter((route) => route.family === family && route.table === tables.main && leadsInside(route))
  const destinations = [...new Set(inside.map(({ destination }) => destination))]
  if (destinations.length > mostCovered) return { networks: 0, left: [], balanced: 0 }
  const networks = destinations.filter((destination) => {
    const range = readAddressRange(destination)?.range
    return range !== undefined && isPublic(family, range) && !ours.some((one) => isWithin(range, one))
  })
  if (networks.length <= maxRoutedNetworks) return { networks: networks.length, left: networks, balanced: 0 }
  // Private sources, and those of uplinks' prefixes, are translated, and so balanced.
  const kept = [...ours, ...notPublic[family]]
  const left = covers(ranges(networks), kept)
  const balanced = ranges(networks).filter((range) => !left.some((one) => isWithin(range, one)))
  return { networks: networks.length, left: left.flatMap((range) => elementsOf([range])), balanced: balanced.length }
}

/**
 * At most `maxRoutedNetworks` prefixes that cover these networks and meet none of `others`, as small as can be. What
 * else is in them is nobody's behind this host, so the rule for it costs nobody anything. Where no such prefixes exist,
 * the largest networks.
 */
function covers(networks: readonly Range<string>[], others: readonly Range<string>[]): readonly Range<string>[] {
  // Prefixes are one within the other or apart, so after sorting with the larger first, what is within another follows
  // it.
  const sorted = networks.toSorted((a, b) => compare(a[0], b[0]) || compare(b[1], a[1]))
  const found: Range<string>[] = []
  for (const network of sorted) {
    const last = found.at(-1)
    if (last === undefined || !isWithin(network, last)) found.push(network)
  }
  const coverOf = (index: number): { readonly bits: number; readonly range: Range<string> } | null => {
    const [one, two] = [found[index], found[index + 1]]
    if (one === undefined || two === undefined) return null
    const cover = commonPrefix(one[0], two[1])
    return others.some((other) => meets(other, cover.range)) ? null : cover
  }
  const joined = found.map((_, index) => coverOf(index))
  while (found.length > maxRoutedNetworks) {
    const longest = Math.max(...joined.map((cover) => cover?.bits ?? -1))
    const index = joined.findIndex((cover) => cover?.bits === longest)
    const cover = joined[index]
    if (!cover) break
    found.splice(index, 2, cover.range)
    joined.splice(index, 1)
    if (index > 0) joined[index - 1] = coverOf(index - 1)
    joined[index] = coverOf(index)
  }
  return found.toSorted((a, b) => sharedBits(...a) - sharedBits(...b)).slice(0, maxRoutedNetworks)
}

function commonPrefix(first: string, last: string) {
  const bits = sharedBits(first, last)
  const open = BigInt(first.length * 4 - bits)
  const from = (BigInt(`0x${first}`) >> open) << open
  const write = (value: bigint) => value.toString(16).padStart(first.length, '0')
  const range: Range<string> = [write(from), write(from + (1n << open) - 1n)]
  return { bits, range }
}

/** The length of the prefix that has these first and last addresses in common. */
function sharedBits(first: string, last: string): number {
  const differs = [...first].findIndex((digit, index) => digit !== last[index])
  if (differs < 0) return first.length * 4
  const difference = Number.parseInt(first[differs] ?? '0', 16) ^ Number.parseInt(last[differs] ?? '0', 16)
  return differs * 4 + Math.clz32(difference) - 28
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function meets(one: Range<string>, other: Range<string>): boolean {
  return one[0].length === other[0].length && one[0] <= other[1] && other[0] <= one[1]
}

function isPublic(family: Family, range: Range<string>): boolean {
  return !notPublic[family].some((one) => meets(one, range))
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
