/** What the kernel has, and what we put there. */
import type { Family } from '../net/family.ts'

export interface Link {
  readonly index: number
  readonly name: string
  /** `info_kind` of the link (`veth`, `bridge`, `wireguard`); null for a plain device. */
  readonly kind: string | null
  /** Bytes. */
  readonly mtu: number
  /** ARPHRD_ number: 1 Ethernet, 512 PPP, 519 raw IP, 65534 none. */
  readonly type: number
  readonly up: boolean
  readonly carrier: boolean
  /** A link with one peer and no neighbour discovery (IFF_POINTOPOINT or IFF_NOARP): it needs no gateway. */
  readonly pointToPoint: boolean
  /** Index of the bridge, bond or VRF that this link is a port of. */
  readonly master: number | null
  /**
   * What stays when a device is plugged in again and gets another name: driver and port (`path qmi_wwan /devices/...`),
   * address (`mac 0c:5b:8f:27:9a:64`). Best first; empty where nothing does.
   */
  readonly hardware: readonly string[]
  readonly addresses: readonly Address[]
}

export interface Address {
  readonly family: Family
  readonly address: string
  readonly prefixLength: number
  /** The other end, where the address has one (`inet 10.0.0.2 peer 10.0.0.1/32`). */
  readonly peer: string | null
  readonly global: boolean
  /** False while tentative and after failed duplicate detection. */
  readonly usable: boolean
  /** Its preferred lifetime is over (RFC 4862): no new connection should begin with it. */
  readonly deprecated?: true
  /** It has a lifetime: a DHCP client or a router gave it. */
  readonly dynamic?: true
}

export type RouteType = 'unicast' | 'unreachable' | 'prohibit' | 'blackhole' | 'throw' | 'other'

export interface Route {
  readonly family: Family
  readonly type: RouteType
  /** `default` or a prefix as iproute2 writes it. */
  readonly destination: string
  readonly table: number
  readonly protocol: number
  readonly metric: number
  /** Empty for types without one. */
  readonly nexthops: readonly Nexthop[]
  /** The address that new packets by it have; absent where the kernel chooses. */
  readonly source?: string
  /** Absent for none. */
  readonly metrics?: RouteMetrics
}

/** By the words of `ip route`, such as `mtu`, `advmss` or `congctl`. */
export type RouteMetrics = Readonly<Record<string, number | string>>

export interface Nexthop {
  readonly device: string
  readonly gateway: string | null
  readonly weight: number
  readonly onlink: boolean
}

/**
 * One policy rule. `spec` is everything between priority and protocol as arguments of `ip rule`, in our one canonical
 * order (see kernel/iproute/rule.ts); the kernel compares rules in the same way.
 */
export interface Rule {
  readonly family: Family
  readonly priority: number
  readonly protocol: number
  readonly spec: string
  /** It has a selector or an action that we never use, which `spec` tells people of: ip(8) need not take it back. */
  readonly foreign?: true
}

/** An nft table as chains of canonical lines (see kernel/nft/rule-listing.ts), so that two can be compared. */
export interface Ruleset {
  readonly chains: readonly Chain[]
  /** Named sets, maps and flowtables; absent for none. */
  readonly sets?: readonly NamedSet[]
}

/**
 * Listings leave the elements out, as there may be a hundred thousand. So the name of one that we fill says what is in it
 * (a digest), and one of the same name is the same. Those that fill while packets pass are only declared.
 */
export interface NamedSet {
  readonly kind: 'set' | 'map' | 'flowtable'
  readonly name: string
  /** What nft(8) writes between the braces, elements aside. Absent of those that were observed. */
  readonly definition?: string
  readonly elements?: readonly string[]
}

export interface Chain {
  readonly name: string
  /** Null for a chain that is only jumped to. */
  readonly hook: { readonly type: string; readonly hook: string; readonly priority: number } | null
  readonly rules: readonly string[]
}

/** Control groups by path below the root, with the number that the kernel knows each by (and nft compares): the folder's inode. */
export type Cgroups = Readonly<Record<string, number>>
