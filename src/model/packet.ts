/** The first packet of a connection, as rules look at it. */
import type { Family } from '../net/family.ts'

/** Forwarded packets are seen before routing, the host's own behind its first routing decision. */
export type Side = 'forward' | 'local'

export interface FirstPacket {
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
  readonly mark: number
  readonly dscp: number
  /** Of the program that sent it; null where that is not known. */
  readonly user: number | null
  readonly cgroup: string | null
}
