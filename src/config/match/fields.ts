/** What a rule compares, as fields of a map's key. Pure. */

import type { Observed } from '../../model/observed.ts'
import type { Side } from '../../model/packet.ts'
import type { Match } from '../../model/rule.ts'
import type { Uplink } from '../../model/uplink.ts'
import { addressOf } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import { matchesPattern } from '../../net/patterns.ts'
import type { Box } from './overlap.ts'

/** `ip` and `ip6` are what nft(8) calls the families' headers. */
export const headerOf = { inet: 'ip', inet6: 'ip6' } as const

interface Field {
  /** The expression, and its data type in nft(8). */
  readonly expression: (family: Family) => string
  readonly type: (family: Family) => string
}

const fieldsByName = {
  interface: { expression: () => 'iif', type: () => 'iface_index' },
  source: { expression: (family) => `${headerOf[family]} saddr`, type: addressType },
  destination: { expression: (family) => `${headerOf[family]} daddr`, type: addressType },
  protocol: { expression: () => 'meta l4proto', type: () => 'inet_proto' },
  sourcePort: { expression: () => 'th sport', type: () => 'inet_service' },
  destinationPort: { expression: () => 'th dport', type: () => 'inet_service' },
  user: { expression: () => 'meta skuid', type: () => 'uid' },
} satisfies Readonly<Record<string, Field>>

export type FieldName = keyof typeof fieldsByName

export function expressionOf(field: FieldName, family: Family): string {
  return fieldsByName[field].expression(family)
}

/** Where others' rules or routes lead elsewhere, to a VPN or a LAN, nothing is steered or refused. */
export function outBy(uplinks: readonly Pick<Uplink, 'index'>[]): string | null {
  const indexes = uplinks.flatMap(({ index }) => index ?? []).sort((a, b) => a - b)
  if (indexes.length === 0) return null
  return `oif ${indexes.length === 1 ? indexes[0] : `{ ${indexes.join(', ')} }`}`
}

function addressType(family: Family): string {
  return family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
}

/** What rules name, as far as it is there now. */
export type Named = Pick<Observed, 'links' | 'cgroups'>

/** Null where the rule cannot match on that side, in that family, with the interfaces and control groups that there are. */
export function boxOf(match: Match, family: Family, side: Side, { links, cgroups = {} }: Named): Box | null {
  const own = match.users !== undefined || match.cgroup !== undefined
  if (!match.families.includes(family) || (side === 'forward' ? own : match.forwarded || match.interfaces)) return null
  if (match.cgroup !== undefined && !Object.hasOwn(cgroups, match.cgroup)) return null
  const { interfaces } = match
  const indexes = interfaces && links.filter(({ name }) => interfaces.some((one) => matchesPattern(one, name)))
  const protocols = match.protocols?.filter((number) => number !== (family === 'inet' ? icmpv6 : icmp))
  const box: Readonly<Record<FieldName, Box[string] | undefined>> = {
    interface: indexes && singles(indexes.map(({ index }) => index)),
    source: match.source?.kind === 'ranges' ? match.source.ranges[family] : undefined,
    destination: match.destination?.kind === 'ranges' ? match.destination.ranges[family] : undefined,
    protocol: protocols && singles(protocols),
    sourcePort: match.sourcePorts,
    destinationPort: match.destinationPorts,
    user: match.users && singles(match.users),
  }
  const given = Object.entries(box).flatMap(([name, ranges]) => (ranges ? [[name, ranges] as const] : []))
  return given.every(([, ranges]) => ranges.length > 0) ? Object.fromEntries(given) : null
}

const icmp = 1
const icmpv6 = 58

function singles(values: readonly number[]): readonly Range<number>[] {
  return values.map((value) => [value, value])
}

export function keyOf(box: Box, family: Family): string {
  return fieldNames(box)
    .map((field) => expressionOf(field, family))
    .join(' . ')
}

/** For a map's declaration. An interval set is asked for only where there are intervals: hashing is cheaper. */
export function typeOf(boxes: readonly Box[], family: Family): string {
  const [box = {}] = boxes
  const types = fieldNames(box)
    .map((field) => fieldsByName[field].type(family))
    .join(' . ')
  const intervals = boxes.some((one) => Object.values(one).some((ranges) => ranges.some(([a, b]) => a !== b)))
  return `type ${types} : verdict${intervals ? '; flags interval' : ''}`
}

/** Of a box that boxOf() made. */
function fieldNames(box: Box): readonly FieldName[] {
  return Object.keys(box) as FieldName[]
}

/** Every combination of what the fields may be. */
export function elementsOf(box: Box): readonly string[] {
  return Object.values(box).reduce<readonly string[]>(
    (prefixes, ranges) =>
      prefixes.flatMap((prefix) => ranges.map((range) => (prefix === '' ? text(range) : `${prefix} . ${text(range)}`))),
    [''],
  )
}

function text([first, last]: Range<string | number>): string {
  const one = (end: string | number) => (typeof end === 'string' ? addressOf(end) : String(end))
  return first === last ? one(first) : `${one(first)}-${one(last)}`
}
