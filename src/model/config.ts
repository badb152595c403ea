/** What the administrator wants. */

import type { Layout } from '../layout.ts'
import type { Family, Range } from '../net/family.ts'
import type { Gateways } from './facts.ts'
import type { ClosingRoute, LastResort, Mode } from './mode.ts'
import type { ProbeKind } from './probe-kind.ts'
import type { SteeringRule } from './rule.ts'

export interface Config {
  readonly balance: BalanceConfig
  readonly numbers: Layout
  /** In file order: the first whose pattern matches an interface wins. */
  readonly uplinks: readonly UplinkConfig[]
  /** In file order: the first that matches a new connection decides. */
  readonly rules: readonly SteeringRule[]
  /** The daemon's user id: its probes are bound to an uplink, and no rule moves them. Absent where there is no such user. */
  readonly probeUser?: number
}

export interface BalanceConfig {
  readonly mode: Mode
  /** `auto`: any interface that looks like an uplink is one. `listed`: only those with a section or `balance yes`. */
  readonly adopt: 'auto' | 'listed'
  readonly masquerade: Masquerade
  /** Sources that are never translated, on any uplink; absent for none. */
  readonly noMasquerade?: Sources
  /** Established forwarded connections go past the rules, through a flowtable. */
  readonly offload?: boolean
  readonly lastResort: LastResort
  /** How the table of an uplink ends; absent: `unreachable`. */
  readonly closing?: ClosingRoute
  /** `none`: no line is probed, and what has a link is used. */
  readonly probe?: 'none'
}

/** `auto`: what cannot work as it is, and private sources that nobody else translates; see reconcile/decide/translation.ts. */
export type Masquerade = 'auto' | 'yes' | 'no'

/** Of both families, digits as in address-range.ts; sorted, none overlaps. */
export type Sources = Readonly<Record<Family, readonly Range<string>[]>>

export interface UplinkConfig {
  readonly name: string
  /** An interface name, or a shell pattern of `*` and `?`. */
  readonly interface: string
  readonly enabled: boolean
  readonly weight?: number
  readonly metric?: number
  /** Bytes: the largest packet that the path behind it takes, where nobody else says so. */
  readonly mtu?: number
  readonly gateway?: Gateways
  /** IPv6 prefixes that its provider routes to this host, besides those that are told by others. */
  readonly prefixes?: readonly string[]
  /** Traffic on it costs money: it is probed rarely while idle. */
  readonly metered?: boolean
  /** Used only while no other that is not standby works. */
  readonly standby?: boolean
  readonly probe?: ProbeConfig
  /** What becomes of connections elsewhere when this uplink is back: they stay, or are cut so that they come back. */
  readonly failback?: 'drain' | 'kill'
  readonly quota?: QuotaConfig
  /** Instead of the same in `balance`. */
  readonly masquerade?: Masquerade
  /** Besides those in `balance`. */
  readonly noMasquerade?: Sources
}

/** Absent members have defaults, see lines/settings.ts. */
export interface ProbeConfig {
  readonly kind?: ProbeKind
  /** As the kind takes them. */
  readonly targets?: readonly string[]
  readonly intervalMs?: number
  readonly countUp?: number
  readonly countDown?: number
  readonly quorum?: number
  /** Null: however long it takes. */
  readonly maxLatencyMs?: number | null
  /** 0 to 1; null: however much. */
  readonly maxLoss?: number | null
  /** Of kind http and https: the status and a text of the body that say that nobody stands in between. */
  readonly status?: number
  readonly body?: string
  /** Of kind dns. */
  readonly name?: string
}

export interface QuotaConfig {
  readonly bytes: number
  /** 1 to 28: counting starts anew on this day of the month. */
  readonly resetDay: number
  readonly atQuota: 'demote' | 'disable'
}
