/** The way by which a line leaves, and what comes back by it. */
import type { Family } from '../../net/family.ts'

/** The way by which a line leaves. */
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
  /** Round trip in ms; null: no answer. */
  readonly rttMs: number | null
  /** True where a name server's answer replaces a missing echo. */
  readonly second?: true
  /** What came instead of the right answer, where that is known. */
  readonly fault?: string
}
