/** Named sets of the rules that have one: a file's addresses, and those of domains. Pure. */

import type { NamedSet } from '../../model/kernel.ts'
import type { AddressSet } from '../../model/match.ts'
import type { Family } from '../../net/family.ts'

/** `ip` and `ip6` are what nft(8) calls the families' headers. */
export const headerOf = { inet: 'ip', inet6: 'ip6' } as const

/** One where the rule has a file, or none. */
export function fileSets(set: AddressSet | undefined, family: Family): readonly NamedSet[] {
  if (set?.kind !== 'file') return []
  const elements = set.elements[family]
  return [
    {
      kind: 'set',
      name: `file_${set.digests[family]}`,
      definition: `type ${addressType(family)}; flags interval; auto-merge`,
      elements,
    },
  ]
}

/** One where the rule has domains, or none. */
export function domainSets(domains: readonly string[] | undefined, rule: string, family: Family): readonly NamedSet[] {
  if (domains === undefined) return []
  const definition = `type ${addressType(family)}; flags timeout; timeout 1d`
  return [{ kind: 'set', name: domainSet(rule, family), definition }]
}

/** Where a name server adds the addresses of a rule's domains. */
export function domainSet(rule: string, family: Family): string {
  return `${rule.replaceAll('-', '_')}_${family === 'inet' ? 4 : 6}`
}

export function addressType(family: Family): string {
  return family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
}
