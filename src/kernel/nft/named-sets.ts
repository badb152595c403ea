/** Sets and maps with names, for rules that ask them. Pure. */

import type { NamedSet } from '../../model/kernel.ts'
import { digest } from '../../values/digest.ts'

/**
 * The map of these elements. `definition` is what nft(8) writes between the braces, without them. Its name tells both, as
 * nothing else of a map is compared with what the kernel has.
 */
export function namedMap(definition: string, elements: readonly string[]): NamedSet {
  return named('map', definition, elements)
}

/** The set of these prefixes, ranges and single values; see namedMap(). */
export function intervalSet(type: string, elements: readonly string[]): NamedSet {
  return named('set', `type ${type}; flags interval; auto-merge`, elements)
}

function named(kind: 'set' | 'map', definition: string, elements: readonly string[]): NamedSet {
  return { kind, name: `${kind}_${digest(`${definition} ${elements.join()}`)}`, definition, elements }
}

/** nft(8)'s type for the key that this part of a rule ends with; undefined where it is none of ours. */
export function typeOfKey(rule: string): string | undefined {
  return types.find(([words]) => words.test(rule))?.[1]
}

const types: readonly (readonly [RegExp, string])[] = [
  [/\b[io]if$/, 'iface_index'],
  [/\bmeta nfproto$/, 'nf_proto'],
  [/\b(ct|meta) mark$/, 'mark'],
  [/\bip [sd]addr$/, 'ipv4_addr'],
  [/\bip6 [sd]addr$/, 'ipv6_addr'],
  [/\b(tcp|udp) [sd]port$/, 'inet_service'],
]
