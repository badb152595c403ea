/** [rule]: which new connections, and what becomes of them. */

import type { Family, Range } from '../net/family.ts'
import type { LastResort, Mode } from './mode.ts'

/** Which new connections, and what becomes of them. */
export interface SteeringRule {
  readonly name: string
  readonly match: Match
  readonly use: Use
}

/** All that is there has to hold; of what is a list, one. */
export interface Match {
  /** Which families the rule can match at all. */
  readonly families: readonly Family[]
  readonly source?: AddressSet
  readonly destination?: AddressSet
  /** IP protocol numbers; where there are ports, there are protocols. */
  readonly protocols?: readonly number[]
  readonly sourcePorts?: readonly Range<number>[]
  readonly destinationPorts?: readonly Range<number>[]
  readonly dscp?: readonly number[]
  /** Not the host's own. */
  readonly forwarded?: boolean
  /** Names or patterns of interfaces that forwarded packets come in by. */
  readonly interfaces?: readonly string[]
  /** Of the packet. */
  readonly mark?: { readonly value: number; readonly mask: number }
  /** User ids of the host's own programs. */
  readonly users?: readonly number[]
  /** Of the host's own programs: a path below the root of cgroup v2. */
  readonly cgroup?: string
  /** Host names, whose addresses a name server adds to the sets `NAME_4` and `NAME_6`. */
  readonly domains?: readonly string[]
}

export type AddressSet =
  | { readonly kind: 'ranges'; readonly ranges: Readonly<Record<Family, readonly Range<string>[]>> }
  /** As the file has them, which may be many; addresses, prefixes and ranges as nft takes them. */
  | {
      readonly kind: 'file'
      readonly path: string
      readonly elements: Readonly<Record<Family, readonly string[]>>
      /** Of the elements, made once, as they may be many. */
      readonly digests: Readonly<Record<Family, string>>
    }

export interface Use {
  /** Null: those that carry everything else. Empty: none, and the connection is left to table `main`. */
  readonly uplinks: readonly { readonly name: string; readonly weight?: number }[] | null
  readonly mode: Mode
  /** How long a client keeps its uplink after its last new connection. */
  readonly stickySeconds?: number
  /** When none of them is usable; `balance`: as if there were no rule. */
  readonly lastResort: LastResort | 'balance'
}
