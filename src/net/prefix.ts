/** IPv4 and IPv6 prefixes, by the standard library's own parser. Pure. */
import { BlockList } from 'node:net'
import type { Family } from './family.ts'
import { familyOf } from './valid.ts'

export interface Prefix {
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
}

/** Whether the other address is in this prefix; false for one of the other family. */
export function contains({ family, address, prefixLength }: Prefix, other: string): boolean {
  if (familyOf(other) !== family) return false
  const type = family === 'inet' ? 'ipv4' : 'ipv6'
  const prefix = new BlockList()
  prefix.addSubnet(address, prefixLength, type)
  return prefix.check(other, type)
}
