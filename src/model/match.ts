/** What a [rule] can ask of a connection, and what a connection's first packet has to answer. */
import type { Family, Range } from '../net/family.ts'

/** All that is there has to hold; of what is a list, one. Each has its entry in config/match/fields.ts. */
export interface Match {
  /** Which families the rule can match at all. */
  readonly families: readonly Family[]
  /** Not the host's own. */
  readonly forwarded?: boolean
  readonly source?: AddressSet
  readonly destination?: AddressSet
  /** IP protocol numbers; where there are ports, there are protocols. */
  readonly protocols?: readonly number[]
  readonly sourcePorts?: readonly Range<number>[]
  readonly destinationPorts?: readonly Range<number>[]
  readonly dscp?: readonly number[]
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

/** Those that are fields: what a rule may have or not. */
export type MatchName = Exclude<keyof Match, 'families' | 'forwarded'>

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

/** Forwarded packets are seen before routing, the host's own behind its first routing decision. */
export type Side = 'forward' | 'local'

/** The first packet of a connection. */
export interface FirstPacket extends PacketTraits {
  readonly family: Family
  readonly side: Side
  readonly source: string
  readonly destination: string
  /** IP protocol number. */
  readonly protocol: number
  /** 0 where the protocol has none. */
  readonly sourcePort: number
  readonly destinationPort: number
  /** Where it came in; null for the host's own. */
  readonly interface: string | null
}

/** What nothing but the question says of it. */
export interface PacketTraits {
  /** Of the program that sent it; null where that is not known. */
  readonly user: number | null
  readonly cgroup: string | null
  readonly mark: number
  readonly dscp: number
}

/** Each is an option of `ifbalance explain`. */
export const traitOptions = {
  user: 'text',
  cgroup: 'text',
  mark: 'text',
  dscp: 'text',
} as const satisfies Readonly<Record<keyof PacketTraits, 'text'>>
