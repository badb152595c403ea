/**
 * Another program's chains in the postrouting hook -> what they do: one value for each rule that translates a source or
 * exempts it, with the conditions of all jumps that lead to it. In whatever language the rules were written. Pure.
 */

import type { DeviceTest, ForeignNat } from '../../model/facts.ts'
import { elementsOf, listedSources, readAddressRange } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import { nftNumber } from '../../values/hex.ts'

/** One condition of a rule. */
export interface Asked {
  readonly family?: Family
  readonly devices?: readonly DeviceTest[]
  /** Matches as nft lists them. */
  readonly matches?: readonly string[]
  /** It has a condition that we cannot evaluate. */
  readonly unknown?: true
  /** It asks whether IPsec will take the packet. */
  readonly ipsec?: true
}

export type NatVerdict =
  | { readonly does: 'translates' | 'accepts' | 'returns' }
  | { readonly does: 'calls'; readonly chain: string }

export interface NatRule {
  readonly asked: readonly Asked[]
  readonly verdict: NatVerdict
}

export type NatChains = ReadonlyMap<string, readonly NatRule[]>

/** How deep jumps are followed; firewalld's chains are five deep. */
const deepest = 16

/** How many rules are followed at most, as a ruleset may call one chain from everywhere. */
const mostRules = 20_000

/** What a base chain does, in order. `where` names it for people. */
export function followChains(base: string, chains: NatChains, where: string): readonly ForeignNat[] {
  const found: ForeignNat[] = []
  let left = mostRules
  const follow = (name: string, above: readonly Asked[], depth: number): void => {
    for (const { asked, verdict } of chains.get(name) ?? []) {
      if (left-- <= 0) return
      const all = [...above, ...asked]
      if (verdict.does === 'calls') {
        if (depth < deepest) follow(verdict.chain, all, depth + 1)
      } else if (verdict.does !== 'returns' || depth === 0) {
        const does = verdict.does === 'translates' ? 'translates' : 'accepts'
        found.push(...together(does, all, where))
      }
    }
  }
  follow(base, [], 0)
  return found
}

/**
 * The value for one rule. None where the conditions exclude each other, or where it exempts what IPsec takes, which
 * nobody translates.
 */
function together(does: ForeignNat['does'], all: readonly Asked[], where: string): readonly ForeignNat[] {
  const families = new Set(all.flatMap(({ family }) => family ?? []))
  if (families.size > 1 || (does === 'accepts' && all.some(({ ipsec }) => ipsec))) return []
  const [family] = families
  const devices = all.flatMap((one) => one.devices ?? [])
  const matches = [...new Set(all.flatMap((one) => one.matches ?? []))]
  const unknown = all.some((one) => one.unknown)
  return [{ does, where, ...(family && { family }), devices, matches, ...(unknown && { unknown }) }]
}

// ---- what can be asked, as nft lists it ----------------------------------------------------------------------------

const unknown: Asked = { unknown: true }

/** How many elements are read: more are a list, and not an exemption that somebody wrote. */
const mostElements = 256

/** A condition on addresses: addresses, prefixes and ranges as texts. */
export function addressAsked(end: 'saddr' | 'daddr', not: boolean, texts: readonly unknown[]): Asked {
  const read = texts.slice(0, mostElements + 1).map((text) => readAddressRange(String(text)))
  const families = new Set(read.map((one) => one?.family))
  const [family] = families
  if (families.size !== 1 || !family || read.length > mostElements || read.some(isOdd)) return unknown
  const ranges = read.flatMap((one) => (one ? [one.range] : []))
  const elements = elementsOf(ranges)
  const value = end === 'daddr' && elements.length === 1 ? elements[0] : listedSources(ranges)
  return { family, matches: [`${family === 'inet' ? 'ip' : 'ip6'} ${end} ${not ? '!= ' : ''}${value}`] }
}

/**
 * Whether a range can be written in two ways (mapped addresses and the like), or is everything, which nft leaves out.
 */
function isOdd(one: ReturnType<typeof readAddressRange>): boolean {
  const [first = '', last = ''] = one?.range ?? []
  return first.startsWith('0'.repeat(20)) || (/^0+$/.test(first) && /^f+$/.test(last))
}

/** The protocols that rule-listing.ts knows, and their numbers, which tools print where there is no /etc/protocols. */
const protocols: ReadonlyMap<string, string> = new Map([
  ['tcp', 'tcp'],
  ['6', 'tcp'],
  ['udp', 'udp'],
  ['17', 'udp'],
])

/** A condition on protocols, by names or numbers. */
export function protocolAsked(not: boolean, texts: readonly unknown[]): Asked {
  const names = texts.map((text) => protocols.get(String(text)))
  if (names.length === 0 || names.includes(undefined)) return unknown
  const sorted = [...new Set(names)].sort()
  return {
    matches: [`meta l4proto ${not ? '!= ' : ''}${sorted.length === 1 ? sorted[0] : `{ ${sorted.join(', ')} }`}`],
  }
}

/** A condition on ports. It implies the protocol, so nft leaves a match of the protocol alone out, and so do we. */
export function portAsked(
  protocol: string,
  end: 'sport' | 'dport',
  not: boolean,
  ports: readonly Range<number>[],
): Asked {
  const valid = ports.every(([first, last]) => Number.isInteger(first) && first >= 0 && first <= last && last <= 65535)
  if (!/^(tcp|udp|sctp|dccp|udplite)$/.test(protocol) || !valid || ports.length === 0 || ports.length > mostElements)
    return unknown
  const elements = joined(ports).map(([first, last]) =>
    first === last ? nftNumber(first) : `${nftNumber(first)}-${nftNumber(last)}`,
  )
  const value = elements.length === 1 ? elements[0] : `{ ${elements.sort().join(', ')} }`
  return { matches: [`${protocol} ${end} ${not ? '!= ' : ''}${value}`] }
}

/** Ports as nft joins them: neighbours become one range where there are ranges, and stay where there are none. */
function joined(ports: readonly Range<number>[]): readonly Range<number>[] {
  const sorted = ports.toSorted(([a], [b]) => a - b)
  if (sorted.every(([first, last]) => first === last)) return sorted
  const result: [number, number][] = []
  for (const [first, last] of sorted) {
    const before = result.at(-1)
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else result.push([first, last])
  }
  return result
}

/** A condition on devices. Their names are not checked, as one that no interface of an uplink can have matches none. */
export function deviceAsked(direction: 'in' | 'out', not: boolean, names: readonly unknown[]): Asked {
  if (names.length > mostElements || !names.every((name) => typeof name === 'string')) return unknown
  return { devices: [{ direction, ...(not && { not }), names }] }
}
