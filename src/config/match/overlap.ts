/** Whether two rules can match the same connection, and whether one takes all that the other would. Pure. */
import { isDeepStrictEqual } from 'node:util'
import type { AddressSet, Match } from '../../model/rule.ts'
import type { Family, Range } from '../../net/family.ts'

/** Does the first match whatever the second matches? Files, patterns and the like count only where they are the same. */
export function covers(one: Match, other: Match): boolean {
  return (
    other.families.every((family) => one.families.includes(family)) &&
    other.families.every((family) => coversAddresses(one, other, family)) &&
    rangesCover(one.destinationPorts, other.destinationPorts) &&
    rangesCover(one.sourcePorts, other.sourcePorts) &&
    includesAll(one.protocols, other.protocols) &&
    includesAll(one.dscp, other.dscp) &&
    includesAll(one.users, other.users) &&
    includesAll(one.interfaces, other.interfaces) &&
    includesAll(one.domains, other.domains) &&
    isSameOrAny(one.mark, other.mark) &&
    isSameOrAny(one.cgroup, other.cgroup)
  )
}

function coversAddresses(one: Match, other: Match, family: Family): boolean {
  return (['source', 'destination'] as const).every((side) => setCovers(one[side], other[side], family))
}

function setCovers(one: AddressSet | undefined, other: AddressSet | undefined, family: Family): boolean {
  if (one === undefined) return true
  if (one.kind === 'ranges' && other?.kind === 'ranges') return rangesCover(one.ranges[family], other.ranges[family])
  return one.kind === 'file' && other?.kind === 'file' && one.path === other.path
}

/** Both sorted and merged. */
function rangesCover<T extends string | number>(
  one: readonly Range<T>[] | undefined,
  other: readonly Range<T>[] | undefined,
): boolean {
  if (one === undefined) return true
  return other?.every(([first, last]) => one.some((range) => range[0] <= first && last <= range[1])) ?? false
}

function includesAll<T>(one: readonly T[] | undefined, other: readonly T[] | undefined): boolean {
  return one === undefined || (other?.every((value) => one.includes(value)) ?? false)
}

function isSameOrAny(one: unknown, other: unknown): boolean {
  return one === undefined || isDeepStrictEqual(one, other)
}

/** Rules whose boxes do not meet do not cover each other. */
export function coverBox(match: Match): Box {
  const { source, destination, sourcePorts, destinationPorts, protocols, dscp, users, interfaces, domains } = match
  const singles = (values: readonly (string | number)[] | undefined) => values?.map((value) => [value, value] as const)
  const addresses = (set: AddressSet | undefined) =>
    set?.kind === 'file' ? singles([set.path]) : set && [...set.ranges.inet, ...set.ranges.inet6]
  const box = {
    ...{ source: addresses(source), destination: addresses(destination), sourcePorts, destinationPorts },
    ...{ protocols: singles(protocols), dscp: singles(dscp), users: singles(users), interfaces: singles(interfaces) },
    ...{ domains: singles(domains), cgroup: singles(match.cgroup === undefined ? undefined : [match.cgroup]) },
  }
  return Object.fromEntries(Object.entries(box).flatMap(([name, ranges]) => (ranges ? [[name, ranges]] : [])))
}

/** Ranges of both, by field: they meet where each field that both have meets. */
export type Box = Readonly<Record<string, readonly Range<string | number>[]>>

export function meet(one: Box, other: Box): boolean {
  for (const field in one) {
    const [left, right] = [one[field], other[field]]
    if (left && right && !rangesMeet(left, right)) return false
  }
  return true
}

/** Loops, as this is asked most often by far. */
function rangesMeet(left: Box[string], right: Box[string]): boolean {
  for (const a of left) for (const b of right) if (a[0] <= b[1] && b[0] <= a[1]) return true
  return false
}
