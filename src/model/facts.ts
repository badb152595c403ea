/** What others say of interfaces: DHCP clients, network services, other programs' rulesets. */
import type { Family } from '../net/family.ts'

/** An address, or null: the other end of a point-to-point link, which needs none. */
export type Gateways = Readonly<Partial<Record<Family, string | null>>>

/** What the stanza of /etc/network/interfaces says (`balance-weight 4`), handed to us by ifupdown's hooks. */
export interface StanzaOptions {
  readonly balance?: boolean
  readonly name?: string
  readonly weight?: number
  readonly metric?: number
  readonly gateway?: Gateways
  /** `gateway`: main has room for one without a metric, and the others' are known from nowhere else. */
  readonly mainGateway?: Gateways
  /** `dns-nameservers`, the option of resolvconf(8). */
  readonly nameServers?: readonly string[]
}

export interface Lease {
  /** `dhclient`, `dhcpcd`, `dhclient.leases`: for people. */
  readonly source: string
  /** The client's address when it said so; the lease counts only while the interface has it. */
  readonly address?: string
  readonly gateway: Gateways
  /** IPv4 addresses; absent where none were named. */
  readonly nameServers?: readonly string[]
}

/** IPv6 name servers of one interface, by how its DHCP client heard of them. */
export type NameServers6 = Readonly<Partial<Record<'dhcp6' | 'advertised', readonly string[]>>>

/** Of one interface. Signals only say when to ask; this is what was answered. */
export interface BusLink {
  /** Who named the gateways: `networkd`, `NetworkManager`, `ModemManager`; for people. */
  readonly source: string
  /** The interface's addresses by that service; the gateways count only while it has one of them. */
  readonly addresses: readonly string[]
  readonly gateway: Gateways
  /** Of both families; absent where none were named. */
  readonly nameServers?: readonly string[]
  /** IPv6 prefixes that its DHCP client was given for networks behind this host. */
  readonly prefixes?: readonly string[]
  /** ModemManager's: whether the modem has its data connection, whatever the link in the kernel looks like. */
  readonly modem?: Modem
}

export interface Modem {
  readonly connected: boolean
  /** Percent. */
  readonly signal: number | null
  /** `lte`, `5g`, ... */
  readonly technologies: readonly string[]
}

export interface RefusedPath {
  readonly family: Family
  readonly device: string
  /** The one that is refused; absent where it does not matter. */
  readonly gateway?: string | null
  readonly why: string
}

/** One rule of another program, with all that leads to it: it translates what it matches, or leaves it as it is. */
export interface ForeignNat {
  readonly does: 'translates' | 'accepts'
  /** For people: `ip nat POSTROUTING`. */
  readonly where: string
  /** Absent: both. */
  readonly family?: Family
  /** All have to hold. */
  readonly devices: readonly DeviceTest[]
  /** The rest of what it asks, as nft lists it. */
  readonly matches: readonly string[]
  /** It asks for more than that, which we cannot. */
  readonly unknown?: true
}

/** What another program's chain may write into marks before packets are routed. */
export interface ForeignMark {
  /** For people: `nft ip mangle PREROUTING`. */
  readonly where: string
  readonly of: 'packet' | 'connection'
  /** Bits that may be 1 then, whatever they were. */
  readonly sets: number
  /** Bits that are 0 then, whatever they were; of values that are not known, all. */
  readonly clears: number
}

/** Of the interface that a packet comes in by or leaves by; names, or beginnings with `*`. */
export interface DeviceTest {
  readonly way: 'in' | 'out'
  readonly not?: true
  readonly names: readonly string[]
}
