/** What the world looks like: one observation of the kernel, of others' words, and of what we remember. */

import type { Family } from '../net/family.ts'
import type { BusLink, ForeignMark, ForeignNat, Lease, NameServers6, RefusedPath, StanzaOptions } from './facts.ts'
import type { Health } from './health.ts'
import type { Cgroups, Link, Route, Rule, Ruleset } from './kernel.ts'
import type { Mptcp } from './mptcp.ts'
import type { PathMtus } from './path-mtu.ts'
import type { Spreading } from './spreading.ts'
import type { KeptNumber, State } from './state.ts'

export interface Observed {
  /** False where the kernel has no IPv6 or it is disabled: then nothing of ours is made for it. */
  readonly ipv6: boolean
  readonly links: readonly Link[]
  /** Seconds of CLOCK_MONOTONIC. While absent, nothing is given up by age. */
  readonly uptime?: number
  /** All tables of both families, `local` included. */
  readonly routes: readonly Route[]
  /** Families of which `routes` lacks what routing daemons added, but for default routes; absent for none. */
  readonly hiddenRoutes?: readonly Family[]
  readonly rules: readonly Rule[]
  /** Our nft table as the kernel lists it, null where there is none. */
  readonly ruleset: Ruleset | null
  /** What others' rules do with the source addresses of what leaves; absent for nothing. */
  readonly foreignNat?: readonly ForeignNat[]
  /** What others' rules write into marks; absent for nothing. */
  readonly foreignMarks?: readonly ForeignMark[]
  /** Whether others' rules in nftables look the way back of packets up by their mark: `fib saddr . mark . iif`. */
  readonly reversePath?: true
  /** Whether the kernel has IPsec (CONFIG_XFRM), so that nft can be asked for it. */
  readonly ipsec?: true
  /** Whether the kernel takes a flowtable; absent where nobody wants one. */
  readonly flowtables?: boolean
  /** MPTCP's endpoints; absent where the kernel has none, nobody wants them, or there are no two uplinks. */
  readonly mptcp?: Mptcp
  /** With `mptcp`: mptcpd runs, which makes endpoints of addresses as they come, and of none that is one already. */
  readonly mptcpd?: true
  /** Values by sysctl name with slashes (`net/ipv4/conf/wan1/rp_filter`), as interfaces' names may have dots. */
  readonly sysctls: Readonly<Record<string, string>>
  /** By interface, what its DHCP client said last. */
  readonly leases: Readonly<Record<string, Lease>>
  /**
   * By interface, the name servers that DHCPv6 and router advertisements told its DHCP client; absent where none were
   * told.
   */
  readonly nameServers6?: Readonly<Record<string, NameServers6>>
  /** By interface, the IPv6 prefixes that DHCP clients' hooks told of. */
  readonly delegations?: Readonly<Record<string, readonly string[]>>
  /** By interface, what the host's network services said over D-Bus. */
  readonly bus: Readonly<Record<string, BusLink>>
  /** By interface, what its stanza in /etc/network/interfaces says. */
  readonly stanzas: Readonly<Record<string, StanzaOptions>>
  /** By uplink name and family, what probes and traffic say of the line. Where an entry is absent, nothing is known. */
  readonly health?: Health
  /** What lines can carry, and what follows for new connections; absent where the daemon has not found out. */
  readonly spreading?: Spreading
  /** By interface, what was found out of how large packets may be; absent where nothing was. */
  readonly pathMtus?: PathMtus
  /** What uplinks with a quota had carried when the daemon last wrote it down; absent where it wrote nothing. */
  readonly quotas?: {
    /** The date by the host's clock and time zone: `2026-11-23`. */
    readonly today: string
    /** By uplink name, bytes by the day on which their period began. */
    readonly used: Readonly<Record<string, { readonly periods: Readonly<Record<string, number>> }>>
  }
  /** Control groups of what `ifbalance exec` runs (see slices.ts); absent for none. */
  readonly slices?: Cgroups
  /** Control groups that rules name; those that do not exist are absent. */
  readonly cgroups?: Cgroups
  /** Ways out that the kernel refused when they were last tried; absent for none. */
  readonly refused?: readonly RefusedPath[]
  /**
   * Why nft refused the table that was last wanted, so that what is in `ruleset` is all that can be used; absent where
   * it did not.
   */
  readonly rulesetRefused?: string
  /** Names of uplinks that `ifbalance disable` has taken out until `enable` or a reboot. */
  readonly disabled: readonly string[]
  /** Names of uplinks that `ifbalance drain` keeps from new connections until `enable` or a reboot; absent for none. */
  readonly drained?: readonly string[]
  readonly state: State
  /** By uplink name, the numbers of before: they outlive a boot and a month of absence; absent where none are kept. */
  readonly earlierNumbers?: Readonly<Record<string, KeptNumber>>
  /** The text of our file that names our tables for iproute2; null where there is none. */
  readonly tableNames: string | null
  /**
   * Numbers of routing tables, by name, from the host's own files; absent where these have only the kernel's tables.
   */
  readonly othersTableNames?: Readonly<Record<string, number>>
}
