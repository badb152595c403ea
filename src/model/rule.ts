/** [rule]: which new connections, and what becomes of them. */

import type { Match } from './match.ts'
import type { LastResort, Mode } from './mode.ts'

/** Which new connections, and what becomes of them. */
export interface SteeringRule {
  readonly name: string
  readonly match: Match
  readonly use: Use
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
