/** Where a line leaves, and what came back by it. */
import type { Family } from '../../net/family.ts'

/** Where a line leaves. */
export interface Egress {
  readonly uplink: string
  readonly family: Family
  readonly device: string
  readonly gateway: string | null
  /** An address that no other uplink has; null: sockets cannot be bound to this way. */
  readonly source: string | null
}

export interface Answer {
  readonly target: string
  /** Null: none. */
  readonly rttMs: number | null
  /** By a question to a name server, where its echo was missing. */
  readonly second?: true
  /** What was wrong instead, where that is known. */
  readonly fault?: string
}
