/**
 * How much of what its neighbours can send counts for an uplink. A router's advertisement has room for 40 prefixes, and
 * whoever makes addresses of them makes 3,000 of 75 such packets; the kernel itself stops at 16 (max_addresses). Pure.
 */

import type { Address, Link, Route } from '../../../model/kernel.ts'
import type { Observed } from '../../../model/observed.ts'
import type { Path } from '../../../model/uplink.ts'
import { readAddressRange } from '../../../net/address-range.ts'
import type { Family } from '../../../net/family.ts'

/** How many addresses of an uplink and family count: each is two rules. The kernel makes as many by itself. */
export const maxAddresses = 16

/** How many subnets on an uplink's link are in its table. */
const maxSubnets = 16

/**
 * The path with no more than `maxAddresses` addresses, in the order given. Which of them count must not change with
 * each one that comes.
 */
export function withinBounds(path: Path, family: Family, { addresses }: Link, { rules }: Observed): Path {
  const { lanAddresses } = path
  if (path.addresses.length <= maxAddresses && (lanAddresses ?? []).length <= maxAddresses) return path
  const usable = new Set(path.addresses)
  const inUse = new Set(rules.flatMap(({ spec }) => /^from (\S+) lookup /.exec(spec)?.[1] ?? []))
  // The kernel lists later addresses first.
  const byAge = addresses.filter((one) => one.family === family).toReversed()
  const rank = ({ address, deprecated, dynamic }: Address) => [deprecated, !inUse.has(address), dynamic].map(Number)
  const best = byAge
    .map((one) => ({ address: one.address, rank: rank(one).map((number) => number || 0) }))
    .toSorted((a, b) => difference(a.rank, b.rank))
    .filter(({ address }) => usable.has(address))
    .slice(0, maxAddresses)
  const kept = new Set(best.map(({ address }) => address))
  const lan = (lanAddresses ?? []).toSorted((a, b) => Number(inUse.has(b)) - Number(inUse.has(a)))
  return {
    ...path,
    addresses: path.addresses.filter((address) => kept.has(address)),
    ...(lanAddresses && { lanAddresses: lan.slice(0, maxAddresses).toSorted() }),
  }
}

function difference(one: readonly number[], other: readonly number[]): number {
  return one.map((value, index) => value - (other[index] ?? 0)).find((value) => value !== 0) ?? 0
}

/** Whether some of the link's addresses were left out. */
export function exceedsBounds({ addresses }: Link, family: Family, path: Path | null): boolean {
  if (path === null || path.addresses.length < maxAddresses) return false
  return addresses.filter((one) => one.family === family && one.global && one.usable).length > maxAddresses
}

/**
 * The subnets on an uplink's link that count: first those of its own addresses and its gateway, which nobody can push
 * out.
 */
export function subnetsWithinBounds(subnets: readonly Route[], { addresses, gateway }: Path): readonly Route[] {
  if (subnets.length <= maxSubnets) return subnets
  const own = [...(gateway === null ? [] : [gateway]), ...addresses].flatMap(
    (one) => readAddressRange(one)?.range[0] ?? [],
  )
  const isOwn = ({ destination }: Route) => {
    if (destination.startsWith('fe80:')) return true
    const range = readAddressRange(destination)?.range
    return range !== undefined && own.some((address) => range[0] <= address && address <= range[1])
  }
  const [first = [], rest = []] = [subnets.filter(isOwn), subnets.filter((route) => !isOwn(route))]
  return [...first, ...rest].slice(0, maxSubnets)
}
