/** A [rule] of the configuration as a value. */

import type { LineQuality } from './line-quality.ts'
import type { Match } from './match.ts'
import type { LastResort, Mode } from './mode.ts'
import type { Spread } from './spreading.ts'

/** Which new connections a [rule] takes, and what becomes of them. */
export interface SteeringRule {
  readonly name: string
  readonly match: Match
  readonly use: Use
}

export interface Use extends LineQuality {
  /** Null: all uplinks that carry other connections. Empty: no uplink; the connection is left to table `main`. */
  readonly uplinks: readonly { readonly name: string; readonly weight?: number }[] | null
  readonly mode: Mode
  /** Which of the uplinks take new connections, and how many; absent: by weight. */
  readonly spread?: Exclude<Spread, 'weight'>
  /** The part of what an uplink can carry, 0 to 1, from which on it is full for `overflow`; absent: 0.9. */
  readonly overflowAt?: number
  /** How many seconds a client keeps its uplink after its last new connection. */
  readonly stickySeconds?: number
  /** What becomes of the connection when none of the uplinks is usable; `balance`: as if there were no rule. */
  readonly lastResort: LastResort | 'balance'
}
