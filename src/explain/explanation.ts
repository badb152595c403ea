/** An explanation, and the facts that it is made of. */

import type { Config } from '../model/config.ts'
import type { Desired } from '../model/desired.ts'
import type { FirstPacket } from '../model/match.ts'
import type { Observed } from '../model/observed.ts'

export interface Explanation extends Outcome {
  readonly packet: FirstPacket
  /** The rules in order up to the one that matches, with the reason why each of the others does not. */
  readonly rules: readonly { readonly rule: string; readonly reason: string | null }[]
}

export interface Outcome {
  /** What decides, for people. */
  readonly decision: string
  /**
   * The ways that the connection may take, each with its share of all such connections; one where it is certain, none
   * where it stays on this host.
   */
  readonly ways: readonly RouteChoice[]
  /** Why nothing goes anywhere; null where something does. */
  readonly refused: string | null
  /** Uplinks that the connection does not take, and why; none where no choice is made between uplinks. */
  readonly others: readonly { readonly uplink: string; readonly reason: string }[]
}

export interface RouteChoice {
  /** The uplink's name; null for a device that is no uplink. */
  readonly uplink: string | null
  readonly share: number
  readonly device: string
  readonly gateway: string | null
  /** The largest packet in bytes; absent where the interface is no uplink. */
  readonly mtu?: number
  readonly mark: number
  readonly table: string
  /** Priority and selector of the policy rule; null where others' rules decide in ways that we cannot read. */
  readonly ipRule: string | null
}

export interface Facts {
  readonly config: Config
  readonly observed: Observed
  readonly desired: Desired
}
