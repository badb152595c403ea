/** What a [rule] can ask of a connection, and what is known of a connection's first packet. */
import type { Family, Range } from '../net/family.ts'

/**
 * Conditions on a connection. All members that are there have to hold; of a list, one element. Each has its entry in
 * config/match/fields.ts.
 */
export interface Match {
  /** Which families the rule can match at all. */
  readonly families: readonly Family[]
  /** Whether only forwarded connections match, none of the host's own. */
  readonly forwarded?: boolean
  readonly source?: AddressSet
  readonly destination?: AddressSet
  /** IP protocol numbers; a match with ports always has them. */
  readonly protocols?: readonly number[]
  readonly sourcePorts?: readonly Range<number>[]
  readonly destinationPorts?: readonly Range<number>[]
  readonly dscp?: readonly number[]
  /** Names or patterns of interfaces that forwarded packets come in by. */
  readonly interfaces?: readonly string[]
  /** Condition on the packet's mark. */
  readonly mark?: { readonly value: number; readonly mask: number }
  /** User ids of the host's own programs. */
  readonly users?: readonly number[]
  /** Control group of the host's own programs: a path below the root of cgroup v2. */
  readonly cgroup?: string
  /** Host names, whose addresses a name server adds to the sets `NAME_4` and `NAME_6`. */
  readonly domains?: readonly string[]
}

/** The members that a rule may have or not. */
export type MatchName = Exclude<keyof Match, 'families' | 'forwarded'>

export type AddressSet =
  | { readonly kind: 'ranges'; readonly ranges: Readonly<Record<Family, readonly Range<string>[]>> }
  /** Addresses, prefixes and ranges of a file, unchanged: nft takes them as they are, and there may be many. */
  | {
      readonly kind: 'file'
      readonly path: string
      readonly elements: Readonly<Record<Family, readonly string[]>>
      /** Digests of the elements, computed once. */
      readonly digests: Readonly<Record<Family, string>>
    }

/** Where packets are seen: forwarded ones before routing, the host's own behind its first routing decision. */
export type Side = 'forward' | 'local'

/** The first packet of a connection. */
export interface FirstPacket extends PacketTraits {
  readonly family: Family
  readonly side: Side
  readonly source: string
  readonly destination: string
  /** IP protocol number. */
  readonly protocol: number
  /** 0 where the protocol has no ports; so is `destinationPort`. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** The interface by which it came in; null for the host's own. */
  readonly interface: string | null
}

/** What of a packet only the question can tell. */
export interface PacketTraits {
  /** User name or id of the program that sent it; null where that is not known. */
  readonly user: number | null
  readonly cgroup: string | null
  readonly mark: number
  readonly dscp: number
}

/** The traits as options of `ifbalance explain`. */
export const traitOptions = {
  user: 'text',
  cgroup: 'text',
  mark: 'text',
  dscp: 'text',
} as const satisfies Readonly<Record<keyof PacketTraits, 'text'>>
