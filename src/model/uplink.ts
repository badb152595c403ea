/** An uplink, as it is decided. */

import type { Family } from '../net/family.ts'
import type { LineHealth } from './health.ts'
import type { RouteMetrics } from './kernel.ts'

/**
 * `absent`: no such interface. `down`: no carrier, or not up. `unconfigured`: no address or no way out yet.
 * `online`: usable. `suspect`: its line is being probed. `degraded`: works badly, and is used last. `offline`: the link is
 * up, and nothing behind it answers, in no family. `disabled`: by the administrator.
 */
export type UplinkState =
  | 'absent'
  | 'down'
  | 'unconfigured'
  | 'online'
  | 'suspect'
  | 'degraded'
  | 'offline'
  | 'disabled'

export interface Uplink {
  readonly name: string
  readonly number: number
  readonly interface: string
  /** Null while the interface is absent. */
  readonly index: number | null
  readonly state: UplinkState
  readonly weight: number
  readonly metric: number
  /** Used only while no other that is not standby works. */
  readonly standby?: boolean
  /** IPv6 prefixes that its provider routes to this host. */
  readonly prefixes?: readonly string[]
  /** Those that it had before: hosts may still use them. */
  readonly formerPrefixes?: readonly string[]
  /** Families in which it is an uplink though it has no way out now; in all others it is a device like any. */
  readonly awayIn?: readonly Family[]
  readonly inet: Path | null
  readonly inet6: Path | null
}

/** How one family leaves by an uplink. */
export interface Path {
  /** Null on a point-to-point link. */
  readonly gateway: string | null
  /** The gateway is outside the link's prefixes, and reached directly all the same. */
  readonly onlink: boolean
  /** The interface's own addresses: a socket that has one stays on this uplink. */
  readonly addresses: readonly string[]
  /** IPv6: this host's addresses elsewhere that are in a prefix of this uplink. */
  readonly lanAddresses?: readonly string[]
  /** IPv6: all addresses are deprecated, so a new socket would have another uplink's. */
  readonly deprecated?: true
  /** The largest packet in bytes: of the default route that others have made, or of the interface. */
  readonly mtu: number
  /** What others' default route by it says besides its gateway, the MTU included. */
  readonly metrics?: RouteMetrics
  readonly source?: string
  /** The kernel does not take it, in these words: nothing is sent by it. */
  readonly refused?: string
  /** What probes and traffic say of this way; absent where nothing is known. */
  readonly line?: Pick<LineHealth, 'state' | 'degraded' | 'barred'>
}
