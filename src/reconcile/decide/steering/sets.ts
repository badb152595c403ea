/** Named sets of the rules that have one: a file's addresses, and those of domains. Pure. */

import type { NamedSet } from '../../../model/kernel.ts'
import type { AddressSet } from '../../../model/rule.ts'
import type { Family } from '../../../net/family.ts'

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

/** Where a name server adds the addresses of a rule's domains. */
export function domainSet(rule: string, family: Family): string {
  return `${rule.replaceAll('-', '_')}_${family === 'inet' ? 4 : 6}`
}

export function addressType(family: Family): string {
  return family === 'inet' ? 'ipv4_addr' : 'ipv6_addr'
}
