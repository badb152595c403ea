/** What should be: all that `decide` makes of a configuration and an observation. */
import type { Route, Rule, Ruleset } from './kernel.ts'
import type { Mptcp } from './mptcp.ts'
import type { State } from './state.ts'
import type { Trouble } from './trouble.ts'
import type { Uplink } from './uplink.ts'

export interface Desired {
  readonly uplinks: readonly Uplink[]
  readonly routes: readonly Route[]
  /** In the order in which they have to be added. */
  readonly rules: readonly Rule[]
  readonly ruleset: Ruleset | null
  /** Absent: nothing of ours. */
  readonly mptcp?: Mptcp
  readonly sysctls: Readonly<Record<string, string>>
  readonly state: State
  readonly tableNames: string
  /** What is left out of balancing, and why. */
  readonly warnings: readonly Trouble[]
}
