/**
 * The values that flow through the program: Config and Observed in, Desired in the middle, Steps out.
 * Types only. Everything is plain and readonly, so that a value can be printed, compared and stored as a test case.
 */

export type Family = 'inet' | 'inet6'

// ---- what the administrator wants ------------------------------------------------------------------------------

export type Mode = 'connection' | 'flow' | 'source' | 'failover' | 'random'
/** Route types; `throw` goes on to the next rule, and so to the balanced default. */
export type ClosingRoute = 'unreachable' | 'prohibit' | 'blackhole' | 'throw'
export type LastResort = 'main' | 'unreachable' | 'prohibit' | 'blackhole'

export interface Config {
  readonly balance: BalanceConfig
  readonly numbers: Numbers
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

/** Where our marks, tables and rules sit in the number spaces that we share with other programs. */
export interface Numbers {
  /** Lowest bit of our eight bits in packet and connection marks. */
  readonly markShift: number
  /** Uplink i uses table `tableBase + i`; the balanced default `tableBase + 98`. */
  readonly tableBase: number
  /** Our rules are `ruleBase` to `ruleBase + 999`. */
  readonly ruleBase: number
}

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

export type ProbeKind = 'icmp' | 'tcp' | 'dns' | 'http' | 'https' | 'arp' | 'script' | 'none'

/** Absent members have defaults, see lines/settings.ts. */
export interface ProbeConfig {
  readonly kind?: ProbeKind
  /** Addresses; URLs of kind http and https; one path of kind script. */
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

/** Which new connections, and what becomes of them. */
export interface SteeringRule {
  readonly name: string
  readonly match: Match
  readonly use: Use
}

/** All that is there has to hold; of what is a list, one. */
export interface Match {
  /** Which families the rule can match at all. */
  readonly families: readonly Family[]
  readonly source?: AddressSet
  readonly destination?: AddressSet
  /** IP protocol numbers; where there are ports, there are protocols. */
  readonly protocols?: readonly number[]
  readonly sourcePorts?: readonly Range<number>[]
  readonly destinationPorts?: readonly Range<number>[]
  readonly dscp?: readonly number[]
  /** Not the host's own. */
  readonly forwarded?: boolean
  /** Names or patterns of interfaces that forwarded packets come in by. */
  readonly interfaces?: readonly string[]
  /** Of the packet. */
  readonly mark?: { readonly value: number; readonly mask: number }
  /** User ids of the host's own programs. */
  readonly users?: readonly number[]
  /** Of the host's own programs: a path below the root of cgroup v2. */
  readonly cgroup?: string
  /** Host names, whose addresses a name server adds to the sets `NAME_4` and `NAME_6`. */
  readonly domains?: readonly string[]
}

/** Both ends included. */
export type Range<T> = readonly [first: T, last: T]

export type AddressSet =
  | { readonly kind: 'ranges'; readonly ranges: Readonly<Record<Family, readonly Range<string>[]>> }
  /** As the file has them, which may be many; addresses, prefixes and ranges as nft takes them. */
  | {
      readonly kind: 'file'
      readonly path: string
      readonly elements: Readonly<Record<Family, readonly string[]>>
      /** Of the elements, made once, as they may be many. */
      readonly digests: Readonly<Record<Family, string>>
    }

export interface Use {
  /** Null: those that carry everything else. Empty: none, and the connection is left to table `main`. */
  readonly uplinks: readonly { readonly name: string; readonly weight?: number }[] | null
  readonly mode: Mode
  /** How long a client keeps its uplink after its last new connection. */
  readonly stickySeconds?: number
  /** When none of them is usable; `balance`: as if there were no rule. */
  readonly lastResort: LastResort | 'balance'
}

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

// ---- what the world looks like ---------------------------------------------------------------------------------

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

/** Of the interface that a packet comes in by or leaves by; names, or beginnings with `*`. */
export interface DeviceTest {
  readonly way: 'in' | 'out'
  readonly not?: true
  readonly names: readonly string[]
}

/** Control groups by path below the root, with the number that the kernel knows each by (and nft compares): the folder's inode. */
export type Cgroups = Readonly<Record<string, number>>

/**
 * `suspect`: something was not answered, probes are out; in use. `offline`: a quorum of the probes' targets does not answer.
 */
export type LineState = 'online' | 'suspect' | 'offline'

export interface LineHealth {
  readonly state: LineState
  /** Slower or lossier than its settings allow, or its quota is used up: used after all others. */
  readonly degraded: boolean
  /** Its quota is used up, and it is to carry nothing then, whatever else there is. */
  readonly barred?: boolean
  /** Milliseconds of CLOCK_REALTIME: when the state began. */
  readonly since: number
  /** One phrase for people. */
  readonly why: string
  /** Smoothed round trip; null until something answered. */
  readonly latencyMs: number | null
  /** 0 to 1, of the latest probes. */
  readonly loss: number
  /** Answered or not, and by what; null before the first. */
  readonly lastProbe: string | null
}

export type Health = Readonly<Record<string, Readonly<Partial<Record<Family, LineHealth>>>>>

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
 * order (see rule-spec.ts); the kernel compares rules in the same way.
 */
export interface Rule {
  readonly family: Family
  readonly priority: number
  readonly protocol: number
  readonly spec: string
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

/** What must survive from run to run; kept in /run, so a boot starts anew. */
export interface State {
  /** By uplink name, also those that are away: a number in a connection's mark must not change its meaning. */
  readonly uplinks: Readonly<Record<string, KnownUplink>>
  /** By sysctl name, the value that was there before ours. */
  readonly sysctls: Readonly<Record<string, string>>
  /** Where our marks, tables and rules are, and where they were while something is left there; absent for the defaults. */
  readonly numbers?: readonly Numbers[]
}

export interface KnownUplink {
  readonly number: number
  /** Where it was last seen; the configured pattern until then. */
  readonly interface: string
  /** Of that interface, see Link. */
  readonly hardware?: readonly string[]
  /** What the interface was called, or its pattern, when the device had the name that the configuration gives it. */
  readonly movedFrom?: string
  /** IPv6 prefixes that were told of it, the present ones first: clients may still have addresses from earlier ones. */
  readonly prefixes?: readonly string[]
  /** When it was first missed, as `Observed.uptime`; absent while it is here or configured. */
  readonly goneSince?: number
  /**
   * In which it was an uplink by more than what anyone on its link can send (a router's advertisement): there it is one still
   * while its lease is away.
   */
  readonly families?: readonly Family[]
  /** It works, or was not cut when it died, and takes no new connections: old ones may be on it. */
  readonly drains?: readonly Family[]
}

// ---- what should be --------------------------------------------------------------------------------------------

export interface Desired {
  readonly uplinks: readonly Uplink[]
  readonly routes: readonly Route[]
  /** In the order in which they have to be added. */
  readonly rules: readonly Rule[]
  readonly ruleset: Ruleset | null
  readonly sysctls: Readonly<Record<string, string>>
  readonly state: State
  readonly tableNames: string
  /** Lines for the log: what is left out of balancing, and why. */
  readonly warnings: readonly string[]
}

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

/** An nft table as chains of canonical lines (see kernel/nft/listing.ts), so that two can be compared. */
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

// ---- what to do about it ---------------------------------------------------------------------------------------

export type Step =
  | { readonly kind: 'remember'; readonly state: State }
  | { readonly kind: 'name-tables'; readonly text: string }
  | { readonly kind: 'set-sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'load-ruleset'; readonly ruleset: Ruleset; readonly former: Ruleset | null }
  | { readonly kind: 'delete-ruleset' }
  | { readonly kind: 'replace-route'; readonly route: Route }
  | { readonly kind: 'delete-route'; readonly route: Route }
  | { readonly kind: 'add-rule'; readonly rule: Rule }
  | { readonly kind: 'delete-rule'; readonly rule: Rule }
  | {
      readonly kind: 'forget-connections'
      readonly uplink: string
      /** Absent: both. */
      readonly family?: Family
      readonly mark: number
      readonly mask: number
      /** Of the uplink, for sockets of this host; none that another uplink has as well. */
      readonly addresses?: readonly string[]
      /** Of the uplink: sockets whose packets leave by another go on. */
      readonly device?: string
      /** Only those that began with an IPv6 address in this prefix. */
      readonly source?: string
    }
  | {
      /** See reconcile/decide/untranslated.ts. */
      readonly kind: 'forget-untranslated'
      /** Addresses that need no translation: the uplinks' own. */
      readonly sources: readonly string[]
      /** Where no uplink leads: addresses and prefixes. */
      readonly elsewhere: readonly string[]
      /** The bit of a connection's mark that says that it came in by an uplink. */
      readonly cameIn: number
    }
