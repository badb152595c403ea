/**
 * Another program's chains in the postrouting hook -> what they do, one value for each rule that translates a source or
 * leaves it as it is, with all that leads to that rule. Whatever language the rules were read in. Pure.
 */

import type { DeviceTest, ForeignNat } from '../../model/facts.ts'
import { elementsOf, listedSources, readAddressRange } from '../../net/address-range.ts'
import type { Family, Range } from '../../net/family.ts'
import { nftNumber } from '../../values/hex.ts'

/** What a rule asks. */
export interface Asked {
  readonly family?: Family
  readonly devices?: readonly DeviceTest[]
  /** As nft lists it. */
  readonly matches?: readonly string[]
  /** And something that we cannot ask. */
  readonly unknown?: true
  /** And whether IPsec will have the packet. */
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

/** firewalld's chains are five deep. */
const deepest = 16

/** A ruleset may call one chain from everywhere: so many rules are gone through, and no more. */
const mostRules = 20_000

/** What the chain does that is called from the hook, in its order. `where` is for people. */
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

/** None where nothing can match, or what is said of IPsec's packets, which are nobody's to translate. */
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

/** More are a list, and not an exemption that somebody wrote. */
const mostElements = 256

/** Of addresses, prefixes and ranges as texts. */
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

/** Mapped and other addresses that are written in two ways, and a prefix of everything, which nft leaves out. */
function isOdd(one: ReturnType<typeof readAddressRange>): boolean {
  const [first = '', last = ''] = one?.range ?? []
  return first.startsWith('0'.repeat(20)) || (/^0+$/.test(first) && /^f+$/.test(last))
}

/** With their numbers, which tools print where there is no /etc/protocols; those that ruleset-listing.ts knows. */
const protocols: ReadonlyMap<string, string> = new Map([
  ['tcp', 'tcp'],
  ['6', 'tcp'],
  ['udp', 'udp'],
  ['17', 'udp'],
])

export function protocolAsked(not: boolean, texts: readonly unknown[]): Asked {
  const names = texts.map((text) => protocols.get(String(text)))
  if (names.length === 0 || names.includes(undefined)) return unknown
  const sorted = [...new Set(names)].sort()
  return {
    matches: [`meta l4proto ${not ? '!= ' : ''}${sorted.length === 1 ? sorted[0] : `{ ${sorted.join(', ')} }`}`],
  }
}

/** Implies the protocol, so a match of that alone is left out, as nft does. */
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

/** Neighbours are one where there are ranges, and stay where there are none: so does nft. */
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

/** A name that nobody could have given to an interface of an uplink is no match, which a name in quotes could be made to look like. */
export function deviceAsked(way: 'in' | 'out', not: boolean, names: readonly unknown[]): Asked {
  if (names.length > mostElements || !names.every((name) => typeof name === 'string')) return unknown
  return { devices: [{ way, ...(not && { not }), names }] }
}
