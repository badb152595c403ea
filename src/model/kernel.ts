/** What the kernel has, and what we put there: links, addresses, routes, rules, rulesets. */
import type { Family } from '../net/family.ts'

export interface Link {
  readonly index: number
  readonly name: string
  /** `info_kind` of the link (`veth`, `bridge`, `wireguard`); null for a plain device. */
  readonly kind: string | null
  /** Largest packet in bytes. */
  readonly mtu: number
  /** ARPHRD_ number of if_arp.h: 1 Ethernet, 512 PPP, 519 raw IP, 65534 none. */
  readonly type: number
  readonly up: boolean
  readonly carrier: boolean
  /** Index of the device that carries this one's packets (VLAN, macvlan, ...); absent for none. */
  readonly below?: number
  /** Name of the device below, near or far, whose missing carrier is why this one has none. */
  readonly cut?: string
  /**
   * Whether the link has one peer and no neighbour discovery (IFF_POINTOPOINT or IFF_NOARP), and so needs no gateway.
   */
  readonly pointToPoint: boolean
  /** Index of the bridge, bond or VRF that this link is a port of. */
  readonly master: number | null
  /**
   * What stays when a device is plugged in again and gets another name: driver and port (`path qmi_wwan /devices/...`),
   * or hardware address (`mac 0c:5b:8f:27:9a:64`). Best first; empty where nothing does.
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
  /** False while duplicate address detection goes on and after it has failed. */
  readonly usable: boolean
  /** Its preferred lifetime is over (RFC 4862): no new connection should begin with it. */
  readonly deprecated?: true
  /** It has a lifetime: a DHCP client or a router gave it. */
  readonly dynamic?: true
  /** A privacy extension's (RFC 8981), which the kernel prefers where `use_tempaddr` is 2. */
  readonly temporary?: true
}

export type RouteType = 'unicast' | 'unreachable' | 'prohibit' | 'blackhole' | 'throw' | 'other'

export interface Route {
  readonly family: Family
  readonly type: RouteType
  /** `default`, or an address or prefix as iproute2 writes it. */
  readonly destination: string
  readonly table: number
  readonly protocol: number
  readonly metric: number
  /** Empty for types that send nothing on. */
  readonly nexthops: readonly Nexthop[]
  /** The source address of new packets by the route; absent where the kernel chooses. */
  readonly source?: string
  /** Absent where the route has none. */
  readonly metrics?: RouteMetrics
}

/** Metrics of a route, by the words of `ip route`: `mtu`, `advmss`, `congctl` and the like. */
export type RouteMetrics = Readonly<Record<string, number | string>>

export interface Nexthop {
  readonly device: string
  readonly gateway: string | null
  readonly weight: number
  readonly onlink: boolean
}

/**
 * One policy rule. `spec` is everything between priority and protocol, as arguments of `ip rule` in one canonical order
 * (see kernel/iproute/rule.ts), so two rules are the same exactly where their texts are. The kernel compares less: see
 * reconcile/diff.ts.
 */
export interface Rule {
  readonly family: Family
  readonly priority: number
  readonly protocol: number
  readonly spec: string
  /**
   * Whether it has a selector or an action that we never use. `spec` is then for people: ip(8) need not take it back.
   */
  readonly foreign?: true
}

/** An nft table as chains of canonical text lines (see kernel/nft/rule-listing.ts), so that two can be compared. */
export interface Ruleset {
  readonly chains: readonly Chain[]
  /** Named sets, maps, flowtables and counters; absent for none. */
  readonly sets?: readonly NamedSet[]
}

/**
 * A named set. Listings leave the elements out, as there may be a hundred thousand. So the name of a set that we fill
 * contains a digest of its elements: two of the same name are the same. Sets that fill while packets pass are only
 * declared, and so are counters.
 */
export interface NamedSet {
  readonly kind: 'set' | 'map' | 'flowtable' | 'counter'
  readonly name: string
  /** What nft(8) writes between the braces, without the elements. Absent where the set was observed. */
  readonly definition?: string
  readonly elements?: readonly string[]
  /** What a counter has counted; absent where it was not observed. */
  readonly packets?: number
}

export interface Chain {
  readonly name: string
  /** Null for a chain that is only jumped to. */
  readonly hook: { readonly type: string; readonly hook: string; readonly priority: number } | null
  readonly rules: readonly string[]
}

/**
 * Control groups by path below the root of cgroup v2, with the number by which the kernel knows each and nft compares:
 * the inode of its folder.
 */
export type Cgroups = Readonly<Record<string, number>>
