/** What others say of interfaces (DHCP clients, network services), and what other programs' rulesets do. */
import type { Family } from '../net/family.ts'

/** Gateways by family. Null: the other end of a point-to-point link, which needs no address. */
export type Gateways = Readonly<Partial<Record<Family, string | null>>>

/** What an interface's stanza in /etc/network/interfaces says (`balance-weight 4`); ifupdown's hooks hand it to us. */
export interface StanzaOptions {
  readonly balance?: boolean
  readonly name?: string
  readonly weight?: number
  readonly metric?: number
  readonly gateway?: Gateways
  /**
   * The stanza's `gateway`. Main has room for one default without a metric, and other gateways are known from nowhere
   * else.
   */
  readonly mainGateway?: Gateways
  /** `dns-nameservers`, an option of resolvconf(8). */
  readonly nameServers?: readonly string[]
}

export interface Lease {
  /** Who told of it, for people: `dhclient`, `dhcpcd`, `dhclient.leases`. */
  readonly source: string
  /** The address that the client was given, where it said so. The lease counts only while the interface has it. */
  readonly address?: string
  readonly gateway: Gateways
  /** IPv4 addresses; absent where none were named. */
  readonly nameServers?: readonly string[]
  /** PPP: the interface that it is carried by, where there is one (PPPoE). */
  readonly below?: string
  /** PPP: what tells this line from others, whatever its interface and address are this time. */
  readonly line?: string
}

/** IPv6 name servers of one interface, by how its DHCP client heard of them: DHCPv6 or router advertisements. */
export type NameServers6 = Readonly<Partial<Record<'dhcp6' | 'advertised', readonly string[]>>>

/** What a network service answered about one interface over D-Bus. Its signals only say when to ask. */
export interface BusLink {
  /** Who named the gateways: `networkd`, `NetworkManager`, `ConnMan`, `ModemManager`; for people. */
  readonly source: string
  /**
   * The interface's addresses as that service has them. The gateways count only while the interface has one of them.
   */
  readonly addresses: readonly string[]
  readonly gateway: Gateways
  /** Name servers of both families; absent where none were named. */
  readonly nameServers?: readonly string[]
  /** IPv6 prefixes that the service's DHCP client was given for networks behind this host. */
  readonly prefixes?: readonly string[]
  /** ModemManager alone: whether the modem has its data connection, whatever the link in the kernel looks like. */
  readonly modem?: Modem
}

export interface Modem {
  readonly connected: boolean
  /** Signal quality in percent; null where it is not known. */
  readonly signal: number | null
  /** Access technologies: `lte`, `5g`, ... */
  readonly technologies: readonly string[]
}

export interface RefusedPath {
  readonly family: Family
  readonly device: string
  /** The gateway that the kernel refused; absent where the refusal is the same for any gateway. */
  readonly gateway?: string | null
  readonly why: string
}

/** One rule of another program's source NAT, with the conditions of all chains that lead to it. */
export interface ForeignNat {
  readonly does: 'translates' | 'accepts'
  /** Where it is, for people: `ip nat POSTROUTING`. */
  readonly where: string
  /** Absent: both families. */
  readonly family?: Family
  /** Conditions on devices; all have to hold. */
  readonly devices: readonly DeviceTest[]
  /** The remaining conditions, as nft lists them. */
  readonly matches: readonly string[]
  /** It has conditions that we cannot evaluate. */
  readonly unknown?: true
}

/** What another program's chain may write into packets' marks before these are routed, or into connections' marks. */
export interface ForeignMark {
  /** Where it is, for people: `nft ip mangle PREROUTING`. */
  readonly where: string
  readonly of: 'packet' | 'connection'
  /** Bits that may be 1 afterwards, whatever they were. */
  readonly sets: number
  /** Bits that are 0 afterwards, whatever they were; all bits where the value is not known. */
  readonly clears: number
}

/**
 * A condition on the interface that a packet comes in by or leaves by: one of the names, where a final `*` stands for
 * any end.
 */
export interface DeviceTest {
  readonly direction: 'in' | 'out'
  readonly not?: true
  readonly names: readonly string[]
}
