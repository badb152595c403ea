/** Named sets for rules that need one: a file's addresses, or those of domains. Pure. */

import type { NamedSet } from '../../model/kernel.ts'
import type { AddressSet } from '../../model/match.ts'
import type { Family } from '../../net/family.ts'

/** nft(8)'s names for the families' headers. */
export const headerOf = { inet: 'ip', inet6: 'ip6' } as const

/** The set for a rule's file of addresses; none where it has no file. */
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

/** The set for a rule's domains; none where it has no domains. */
export function domainSets(domains: readonly string[] | undefined, rule: string, family: Family): readonly NamedSet[] {
  if (domains === undefined) return []
  const definition = `type ${addressType(family)}; flags timeout; timeout 1d`
  return [{ kind: 'set', name: domainSet(rule, family), definition }]
}

/** The name of the set to which a name server adds the addresses of a rule's domains. */
export function domainSet(rule: string, family: Family): string {
  return `${rule.replaceAll('-', '_')}_${family === 'inet' ? 4 : 6}`
}

export function addressType(family: Family): string {
  return family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
}
