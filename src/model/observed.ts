/** What the world looks like. */
import type { BusLink, ForeignMark, ForeignNat, Lease, NameServers6, RefusedPath, StanzaOptions } from './facts.ts'
import type { Health } from './health.ts'
import type { Cgroups, Link, Route, Rule, Ruleset } from './kernel.ts'
import type { State } from './state.ts'

export interface Observed {
  /** False where the kernel has no IPv6 or it is disabled: then nothing of ours is made for it. */
  readonly ipv6: boolean
  readonly links: readonly Link[]
  /** Seconds of CLOCK_MONOTONIC; absent where nothing is to be given up by age. */
  readonly uptime?: number
  /** All tables of both families, `local` included. */
  readonly routes: readonly Route[]
  readonly rules: readonly Rule[]
  /** Our nft table as the kernel lists it, null where there is none. */
  readonly ruleset: Ruleset | null
  /** What others' rules do with the source of what leaves; absent for nothing. */
  readonly foreignNat?: readonly ForeignNat[]
  /** What others' rules write into marks; absent for nothing. */
  readonly foreignMarks?: readonly ForeignMark[]
  /** Others' rules in nftables look the way back of packets up by their mark: `fib saddr . mark . iif`. */
  readonly reversePath?: true
  /** The kernel has IPsec (CONFIG_XFRM), so nft can be asked for it. */
  readonly ipsec?: true
  /** Whether the kernel takes a flowtable; absent where nobody wants one. */
  readonly flowtables?: boolean
  /** By sysctl name with slashes (`net/ipv4/conf/wan1/rp_filter`); interfaces' names may have dots. */
  readonly sysctls: Readonly<Record<string, string>>
  /** By interface, what its DHCP client said last. */
  readonly leases: Readonly<Record<string, Lease>>
  /** By interface, what DHCPv6 and router advertisements said to its DHCP client; absent where nothing was. */
  readonly nameServers6?: Readonly<Record<string, NameServers6>>
  /** By interface, the IPv6 prefixes that DHCP clients' hooks told of. */
  readonly delegations?: Readonly<Record<string, readonly string[]>>
  /** By interface, what the host's network services said over D-Bus. */
  readonly bus: Readonly<Record<string, BusLink>>
  /** By interface, what its stanza in /etc/network/interfaces says. */
  readonly stanzas: Readonly<Record<string, StanzaOptions>>
  /** By uplink name and family, what probes and traffic say of the line; without an entry nothing is known of it. */
  readonly health?: Health
  /** What uplinks with a quota had carried when the daemon wrote it down last; absent where nothing was. */
  readonly quotas?: {
    /** `2026-11-23`: by the host's clock and time zone. */
    readonly today: string
    /** By uplink name: bytes, by the day when their period began. */
    readonly used: Readonly<Record<string, { readonly periods: Readonly<Record<string, number>> }>>
  }
  /** Of what `ifbalance exec` runs: see slices.ts; absent for none. */
  readonly slices?: Cgroups
  /** Those that rules name; those that are not there are absent. */
  readonly cgroups?: Cgroups
  /** Ways out that the kernel did not take when they were tried last; absent for none. */
  readonly refused?: readonly RefusedPath[]
  /** Why nft did not take the table that was wanted last: what is in `ruleset` is all that can be used. */
  readonly rulesetRefused?: string
  /** Names of uplinks that `ifbalance disable` has taken out until `enable` or a reboot. */
  readonly disabled: readonly string[]
  readonly state: State
  /** Text of the file that names our tables for iproute2. */
  readonly tableNames: string | null
  /** Of routing tables, by name, in the host's own files; absent where there are none but the kernel's. */
  readonly othersTableNames?: Readonly<Record<string, number>>
}
