/** What of IPsec counts here: which packets a policy of the kernel's has sealed before they leave, and which not. */
import type { Family } from '../net/family.ts'

/** A policy for what leaves; its conditions all have to hold. */
export interface SealPolicy {
  readonly family: Family
  /** Prefixes of the addresses that packets have before they are translated. */
  readonly source: string
  readonly destination: string
  /** Of IP; absent: any. */
  readonly protocol?: number
  readonly sourcePort?: number
  readonly destinationPort?: number
  /** By which packets leave; absent: any. */
  readonly device?: string
  /** The lowest that matches counts. */
  readonly priority: number
  /** Whether packets are sealed, or kept back; otherwise they are let pass as they are. */
  readonly seals: boolean
}

/** What others may translate on an uplink: sources of this family; absent: both families, or whatever address. */
export interface OthersTranslation {
  readonly family?: Family
  readonly sources?: readonly string[]
}
