/** An uplink as it is decided. */

import type { Family } from '../net/family.ts'
import type { LineHealth } from './health.ts'
import type { RouteMetrics } from './kernel.ts'
import type { NarrowedBy } from './path-mtu.ts'

/**
 * `absent`: there is no such interface. `down`: it is not up, or has no carrier. `unconfigured`: it has no address, or
 * no way out is known yet. `online`: usable. `suspect`: its line is being probed. `degraded`: works badly, and is used
 * last. `offline`: the link is up, and nothing behind it answers, in no family. `disabled`: the administrator has taken
 * it out. `standby`: its only address is with this router's peer.
 */
export const uplinkStates = [
  'absent',
  'down',
  'unconfigured',
  'online',
  'suspect',
  'degraded',
  'offline',
  'disabled',
  'standby',
] as const
export type UplinkState = (typeof uplinkStates)[number]

/** Whether something behind the uplink answers, as far as is known. */
export function isWorking({ state }: { readonly state: UplinkState }): boolean {
  return state === 'online' || state === 'suspect' || state === 'degraded'
}

/**
 * The state as it is told to those who are not told again at once. A suspicion is over in half a second, and mostly unfounded; and who
 * was dead with all others is no better for the other that is back.
 */
export function settled(state: UplinkState, before: UplinkState | undefined): UplinkState {
  if (state !== 'suspect') return state
  return before === 'offline' || before === 'degraded' ? before : 'online'
}

export interface Uplink {
  readonly name: string
  readonly number: number
  readonly interface: string
  /** Null while the interface is absent. */
  readonly index: number | null
  readonly state: UplinkState
  /** The weight in force. */
  readonly weight: number
  /** The weight is nobody's word: it follows what the line can carry. */
  readonly auto?: true
  /** The weight for rules that keep clients where they are, where that in force may change. */
  readonly lastingWeight?: number
  /** Whether it is one of those that take new connections; absent: nobody has chosen among them. */
  readonly takes?: boolean
  /** What was found out of it for rules with a `spread` of their own, by `ruleSpreadKey`. */
  readonly forRules?: Readonly<Record<string, { readonly weight: number; readonly takes?: boolean }>>
  readonly metric: number
  /** Whether it is used only while no uplink works that is not standby. */
  readonly standby?: boolean
  /**
   * Who says that it takes no new connections, whatever else works: a command, or its weight, which is 0. Absent where
   * nobody does.
   */
  readonly drained?: 'command' | 'weight'
  /**
   * Of what is disabled after a drain: whether its link is there, so that what the drain has left may live. Absent for
   * all else.
   */
  readonly lingers?: boolean
  /** IPv6 prefixes that its provider routes to this host. */
  readonly prefixes?: readonly string[]
  /** Prefixes that it had before, which hosts may still use. */
  readonly formerPrefixes?: readonly string[]
  /** With `standby`: nothing behind it answered when this router had its address last. */
  readonly wasDead?: true
  /** The addresses that forwarded connections are translated to, present or not; absent: one of its own by masquerade. */
  readonly translateTo?: Readonly<Partial<Record<Family, string>>>
  /**
   * Families in which it is an uplink though it has no way out now. In a family that is neither here nor has a path, it
   * is a device like any other.
   */
  readonly awayIn?: readonly Family[]
  readonly inet: Path | null
  readonly inet6: Path | null
}

/** How one family leaves by an uplink. */
export interface Path {
  /** Null on a point-to-point link. */
  readonly gateway: string | null
  /** Whether the gateway is outside the link's prefixes, and reached directly all the same. */
  readonly onlink: boolean
  /** The interface's own addresses. A socket that has one of them stays on this uplink. */
  readonly addresses: readonly string[]
  /** It has no address here, as its only one is with this router's peer: nothing new leaves by it. */
  readonly elsewhere?: true
  /** IPv6: addresses of this host on other interfaces that are in a prefix of this uplink. */
  readonly lanAddresses?: readonly string[]
  /** IPv6: whether all addresses are deprecated, so that a new socket would have another uplink's. */
  readonly deprecated?: true
  /** The largest packet in bytes. */
  readonly mtu: number
  /** What makes it smaller than the interface's, and from how much; absent where nothing does. */
  readonly narrowed?: { readonly by: NarrowedBy; readonly from: number }
  /** Metrics of others' default route by the uplink, and the MTU where it is not the interface's. */
  readonly metrics?: RouteMetrics
  readonly source?: string
  /** The words with which the kernel refused this way; nothing is sent by it. */
  readonly refused?: string
  /** What probes and traffic say of this way; absent where nothing is known. */
  readonly line?: Pick<LineHealth, 'state' | 'degraded' | 'barred' | 'misses'>
}
