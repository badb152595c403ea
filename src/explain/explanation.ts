/** What is explained, and by what. */

import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { FirstPacket } from '../model/match.ts'
import type { Observed } from '../model/observed.ts'

export interface Explanation extends Outcome {
  readonly packet: FirstPacket
  /** In order up to the one that matches; a reason for each that does not. */
  readonly rules: readonly { readonly rule: string; readonly reason: string | null }[]
}

export interface Outcome {
  /** What decides, for people. */
  readonly decision: string
  /** Where it goes, each with its part of all such connections; one where it is certain, none where it stays here. */
  readonly ways: readonly RouteChoice[]
  /** Why nothing goes anywhere. */
  readonly refused: string | null
  /** Uplinks that it does not take, and why; none where no choice is made between uplinks. */
  readonly others: readonly { readonly uplink: string; readonly reason: string }[]
}

export interface RouteChoice {
  /** Null for a device that is no uplink. */
  readonly uplink: string | null
  readonly share: number
  readonly device: string
  readonly gateway: string | null
  readonly mark: number
  readonly table: string
  /** Priority and selector; null where others' rules decide in ways that we cannot read. */
  readonly ipRule: string | null
}

export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly desired: Desired
}
