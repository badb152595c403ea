/** Prefix arithmetic, by the standard library's own parser. */
import { BlockList } from 'node:net'
import type { Family } from './family.ts'
import { familyOf } from './valid.ts'

export interface Prefix {
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
}

/** Is the other address within this one's prefix, and not alone in it? */
export function contains({ family, address, prefixLength }: Prefix, other: string): boolean {
  if (familyOf(other) !== family) return false
  const type = family === 'inet' ? 'ipv4' : 'ipv6'
  const prefix = new BlockList()
  prefix.addSubnet(address, prefixLength, type)
  return prefix.check(other, type)
}
