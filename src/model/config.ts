/** What the administrator wants: the configuration as values. */

import type { Layout } from '../layout.ts'
import type { Family, Range } from '../net/family.ts'
import type { Gateways } from './facts.ts'
import type { ClosingRoute, LastResort, Mode } from './mode.ts'
import type { ProbeKind } from './probe-kind.ts'
import type { SteeringRule } from './rule.ts'
import type { Spread } from './spreading.ts'

export interface Config {
  readonly balance: BalanceConfig
  readonly layout: Layout
  /** Absent for a router without a peer. */
  readonly ha?: HaConfig
  /** Absent where nobody is to be told of outages. */
  readonly notify?: NotifyConfig
  /** In file order: the first whose pattern matches an interface wins. */
  readonly uplinks: readonly UplinkConfig[]
  /** In file order: the first that matches a new connection decides. */
  readonly rules: readonly SteeringRule[]
  /** The daemon's user id: its probes are bound to an uplink, and no rule moves them. Absent where there is no such user. */
  readonly probeUser?: number
}

/** One of two routers that pass addresses and connections to each other. */
export interface HaConfig {
  /** The address on the LAN that both share: who has it is active. Null where it is not understood: then nobody is. */
  readonly address: string | null
  /** How long a deletion of connections waits. */
  readonly holdSeconds: number
  /** How long after the start no uplink is told to be usable. */
  readonly readySeconds: number
}

/** Who is told of outages, and when. */
export interface NotifyConfig {
  /** Local users and addresses. */
  readonly mail?: readonly string[]
  /** A program's absolute path, and its arguments. */
  readonly command?: readonly string[]
  /** What messages are posted to. */
  readonly webhook?: string
  /** How long an outage has to last. */
  readonly afterSeconds: number
  /** When messages wait, in minutes of the host's day; it may begin on one day and end on the next. */
  readonly quiet?: { readonly from: number; readonly until: number }
}

export interface BalanceConfig {
  readonly mode: Mode
  /** Which of the usable uplinks of a tier take new connections, and how many; absent: by weight. */
  readonly spread?: Exclude<Spread, 'weight'>
  /** The part of what an uplink can carry, 0 to 1, from which on it is full for `overflow`; absent: 0.9. */
  readonly overflowAt?: number
  /**
   * `auto`: any interface that looks like an uplink is one. `listed`: only those with a section or a stanza's
   * `balance yes`.
   */
  readonly adopt: 'auto' | 'listed'
  readonly masquerade: Masquerade
  /** Sources that are never translated, on any uplink; absent for none. */
  readonly noMasquerade?: Sources
  /** Whether established forwarded connections go past the rules, through a flowtable. */
  readonly offload?: boolean
  /** `own`: our table says which sources are spoofed, in place of the kernel's dearer way; absent: the kernel. */
  readonly sourceCheck?: 'own'
  /** Whether MPTCP connections may use all uplinks; absent: where nobody else manages that. */
  readonly mptcp?: 'no'
  /** `leave`: tunnels of this host stay where they are; absent: they follow the uplinks. */
  readonly tunnels?: 'leave'
  readonly lastResort: LastResort
  /** The last route of an uplink's table; absent: `unreachable`. */
  readonly closing?: ClosingRoute
  /** `none`: no line is probed, and what has a link is used. */
  readonly probe?: 'none'
}

/**
 * `auto`: translated is what cannot work untranslated, and private sources that nobody else translates; see
 * reconcile/decide/translation/translation.ts.
 */
export type Masquerade = 'auto' | 'yes' | 'no'

/** Ranges of both families, digits as in net/address-range.ts; sorted, without overlaps. */
export type Sources = Readonly<Record<Family, readonly Range<string>[]>>

export interface UplinkConfig {
  readonly name: string
  /** An interface name, or a shell pattern of `*` and `?`. */
  readonly interface: string
  readonly enabled: boolean
  /** Its number in marks, tables and rules; no other section has it. Absent: one that is free. */
  readonly number?: number
  /** The weight; absent: what is found out, where no uplink of the tier has one, else 1. */
  readonly weight?: number
  /** What the contract allows, in bits a second: finding out begins there, and never goes beyond. */
  readonly bandwidth?: { readonly down: number; readonly up: number }
  readonly metric?: number
  /** The largest packet in bytes that the path behind the uplink takes; absent: what is found out. */
  readonly mtu?: number
  readonly gateway?: Gateways
  /** IPv6 prefixes that its provider routes to this host, besides those that DHCP clients tell. */
  readonly prefixes?: readonly string[]
  /** Traffic on it costs money: it is probed rarely while idle. */
  readonly metered?: boolean
  /** Whether it is used only while no uplink works that is not standby. */
  readonly standby?: boolean
  readonly probe?: ProbeConfig
  /**
   * What becomes of connections elsewhere when this uplink is back: they stay (`drain`), or are cut so that they come
   * back (`kill`).
   */
  readonly failback?: 'drain' | 'kill'
  readonly quota?: QuotaConfig
  /** What forwarded connections are translated to, on this host or not; absent: the uplink's own addresses. */
  readonly source?: Readonly<Partial<Record<Family, string>>>
  /** Overrides `masquerade` of `balance`. */
  readonly masquerade?: Masquerade
  /** Sources that are never translated on this uplink, besides those in `balance`. */
  readonly noMasquerade?: Sources
}

/** How a line is probed. Absent members have the defaults of lines/settings.ts. */
export interface ProbeConfig {
  readonly kind?: ProbeKind
  /** What is asked, in the form that the kind takes (see probe-kind.ts). */
  readonly targets?: readonly string[]
  readonly intervalMs?: number
  readonly countUp?: number
  readonly countDown?: number
  readonly quorum?: number
  /** The largest round trip that is no fault; null: any. */
  readonly maxLatencyMs?: number | null
  /** The largest mean deviation of round trips that is no fault; absent or null: any. */
  readonly maxJitterMs?: number | null
  /** The largest share of lost probes that is no fault, 0 to 1; null: any. */
  readonly maxLoss?: number | null
  /** Kinds http and https: the status and a text in the body that prove that no portal answered instead. */
  readonly status?: number
  readonly body?: string
  /** Kind dns: the name that is asked for. */
  readonly name?: string
}

export interface QuotaConfig {
  readonly bytes: number
  /** The day of the month on which counting starts anew, 1 to 28. */
  readonly resetDay: number
  readonly atQuota: 'demote' | 'disable'
}
