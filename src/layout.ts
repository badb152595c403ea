/** Every name, number and path of ours that others can see, each with its reason. */
import type { Family } from './net/family.ts'

// ---- files and programs ----------------------------------------------------------------------------------------

export const paths = {
  config: '/etc/ifbalance/ifbalance.conf',
  configDropIns: '/etc/ifbalance/conf.d',
  /** Everything that we remember until a reboot, which empties it as it empties the kernel. */
  run: '/run/ifbalance',
  lock: '/run/ifbalance/lock',
  /** The socket by which hooks and commands reach the daemon. */
  control: '/run/ifbalance/control',
  /** What survives a reboot. The files in both folders are listed in store/registry.ts. */
  lib: '/var/lib/ifbalance',
  /** What the teller of outages keeps, which is a user of its own. */
  notifyLib: '/var/lib/ifbalance-notify',
  /** By this socket systemd starts what sends, outside of the teller's sandbox. */
  notifySocket: '/run/ifbalance-notify.socket',
  /** By this one what runs the administrator's executables, outside of the daemon's sandbox. */
  hooksSocket: '/run/ifbalance-hooks.socket',
  /** Executables of the administrator, called when an uplink's state changes. */
  userHooks: '/etc/ifbalance/hooks.d',
  /** What nftables.service of Debian loads. */
  othersNftables: '/etc/nftables.conf',
  /**
   * Packet counters of this network namespace's devices. /proc/self has those even where /sys is another namespace's.
   */
  deviceCounters: '/proc/self/net/dev',
  /** This network namespace's sockets of the family AF_UNIX. */
  unixSockets: '/proc/self/net/unix',
  /**
   * Files that name others' routing tables, each with a folder of drop-ins beside it. Debian 13 has the package's own
   * file in /usr/share.
   */
  tableNamesOfOthers: ['/usr/lib/iproute2/rt_tables', '/usr/share/iproute2/rt_tables', '/etc/iproute2/rt_tables'],
  /** Where ifupdown has isc-dhclient keep its leases: `dhclient.IFACE.leases`. */
  dhclientLeases: '/var/lib/dhcp',
  /** Folders where pppd 2.4 and 2.5 write their process ids: `IFACE.pid`. */
  pppd: ['/run', '/run/pppd'],
  /** Where pppd keeps what it tells its scripts, in one file for all lines (see sources/ppp-database.ts). */
  pppdDatabases: ['/run/pppd2.tdb', '/run/pppd/pppd2.tdb'],
  /** The folder that exists exactly while ifupdown2 runs ifupdown's hooks. */
  ifupdown2: '/usr/share/ifupdown2',
  /** Routes of IPv4's table `main`. */
  mainRoutes: '/proc/self/net/route',
  sysctl: '/proc/sys',
  netDevices: '/sys/class/net',
  /** Which tables of iptables-legacy this network namespace has; only root may read it. */
  legacyTables: {
    inet: { tables: '/proc/net/ip_tables_names', modules: 'iptable_' },
    inet6: { tables: '/proc/net/ip6_tables_names', modules: 'ip6table_' },
  },
  modules: '/proc/modules',
  /** The file that exists exactly where the kernel has IPsec (CONFIG_XFRM). */
  ipsec: '/proc/sys/net/core/xfrm_acq_expires',
  /** This network namespace's netlink sockets, the kernel's own included. */
  netlinkSockets: '/proc/self/net/netlink',
  /** The cgroup v2 hierarchy, which is where nft(8) looks for control groups. */
  cgroups: '/sys/fs/cgroup',
} as const

/**
 * Programs that the package depends on. Absolute, so that no PATH of a hook's caller decides what root runs; Debian 12
 * and 13 have them here.
 */
export const programs = {
  ip: '/usr/sbin/ip',
  /** Part of iproute2, as ip(8) is. */
  bridge: '/usr/sbin/bridge',
  nft: '/usr/sbin/nft',
  conntrack: '/usr/sbin/conntrack',
  flock: '/usr/bin/flock',
  ss: '/usr/bin/ss',
  ping: '/usr/bin/ping',
} as const

/** Programs that are used where they are installed. */
export const optionalPrograms = {
  /** What every mail server for Debian has (Debian Policy 11.6). */
  sendmail: '/usr/sbin/sendmail',
  /** Part of ifupdown: what stanzas say. */
  ifquery: '/usr/sbin/ifquery',
  /** Has programs that ask for TCP get MPTCP. */
  mptcpize: '/usr/bin/mptcpize',
  /** Part of wireguard-tools. */
  wg: '/usr/bin/wg',
  /** Reads systemd's journal. */
  journalctl: '/usr/bin/journalctl',
  /** A name server that fills the sets of rules by domain. */
  dnsmasq: '/usr/sbin/dnsmasq',
  iptablesNftSave: '/usr/sbin/iptables-nft-save',
  ip6tablesNftSave: '/usr/sbin/ip6tables-nft-save',
  iptablesLegacySave: '/usr/sbin/iptables-legacy-save',
  ip6tablesLegacySave: '/usr/sbin/ip6tables-legacy-save',
} as const

/** Part of perl-base, which is an essential package. The daemon runs it for what Node.js' sockets cannot do. */
export const perl = '/usr/bin/perl'

/** Not among `programs`, as only the daemon under systemd runs it, and systemd has it. */
export const systemdNotify = '/usr/bin/systemd-notify'

/** Debian packages with the same purpose, each with a file that exists while it is installed. */
export const conflictingPackages = { 'ifupdown-multi': '/etc/network/if-up.d/ifupdown-multi' } as const

// ---- numbers ---------------------------------------------------------------------------------------------------

/** Where our marks, tables and rules sit in the number spaces that we share with other programs. */
export interface Layout {
  /** Lowest of our eight bits in packet and connection marks. */
  readonly markShift: number
  /** Uplink i uses table `tableBase + i`, the balanced default `tableBase + 98`. */
  readonly tableBase: number
  /** Our rules are `ruleBase` to `ruleBase + 999`. */
  readonly ruleBase: number
}

/** Marks are free of Tailscale's 0xff0000, kube-proxy's 0xc000 and mwan3's 0x3f00. */
export const defaultLayout: Layout = { markShift: 24, tableBase: 30000, ruleBase: 20000 }

/** Six bits of a mark hold the uplink's number, all of them at most, and 0 means none. */
export const maxUplinks = 63

export interface Marks {
  /** The bits that hold the uplink's number. */
  readonly numberMask: number
  /** On a packet: route it by the number. On a connection: it is on that uplink. */
  readonly pinned: number
  /**
   * On a connection: it came in by that uplink. Packets may have it, too, as others' rules may save and restore whole
   * marks.
   */
  readonly incoming: number
  /** All bits that are ours. */
  readonly mask: number
  /** Everybody else's bits. */
  readonly others: number
}

/** The masks for a layout. `>>> 0`, as JavaScript's bit operators give signed numbers. */
export function marks({ markShift }: Layout): Marks {
  const bits = (value: number) => (value << markShift) >>> 0
  const mask = bits(0xff)
  return {
    numberMask: bits(maxUplinks),
    pinned: bits(0x40),
    incoming: bits(0x80),
    mask,
    others: ~mask >>> 0,
  }
}

/** The bits of a mark that hold an uplink's number. */
export function markOf(number: number, { markShift }: Layout): number {
  return (number << markShift) >>> 0
}

/** The number of the uplink in a mark. */
export function numberOf(mark: number, { markShift }: Layout): number {
  return (mark >>> markShift) & maxUplinks
}

/** The number of an uplink's routing table. */
export function uplinkTable(number: number, { tableBase }: Layout): number {
  return tableBase + number
}

/** The number of the table with the balanced default. */
export function balancedTable({ tableBase }: Layout): number {
  return tableBase + 98
}

/** Whether a table's number is an uplink's or that of the balanced default. */
export function isOurTable(table: number, layout: Layout): boolean {
  const offset = table - layout.tableBase
  return (offset >= 1 && offset <= maxUplinks) || offset === 98
}

/** Whether a rule's priority is in our block. The pair at `lastPriority` is outside. */
export function inOurBlock(priority: number, { ruleBase }: Layout): boolean {
  return priority >= ruleBase && priority <= ruleBase + ruleOffsets.end
}

/**
 * Offsets within our block of rule priorities. Where two rules of one uplink must keep their order, each has a priority
 * of its own: the kernel appends a rule behind those of equal priority, so a lost rule would come back behind its twin.
 */
export const ruleOffsets = {
  /** Packets that we have not pinned go on at `forwarded`. */
  unpinned: 0,
  /** Pinned packets take main's specific routes first, where there are any that matter, ... */
  pinnedMain: 1,
  /** Forwarded packets without a mark of ours are done with our block. */
  forwarded: 100,
  /** Sockets bound to the uplink's device, one priority for each number. */
  boundDevice: 100,
  /** The host's own connections that a rule of the administrator has steered; others jump to `unsteered`. */
  steered: 164,
  /** Steered packets take main's specific routes, ... */
  steeredMain: 165,
  /** ... then the table of the uplink; one priority serves all, as a mark matches one of them at most, ... */
  steeredUplink: 166,
  /** ... or table `main` where they are left to it. */
  steeredToMain: 167,
  unsteered: 199,
  /** Sockets without an address jump over the rules by address. */
  unbound: 200,
  /** A rule without effect, where the jumps land. */
  end: 999,
} as const

/**
 * Pinned packets' rule for the uplink's own table, one priority for each number, behind `pinnedMain`; before each eight
 * numbers there is room for a jump.
 */
export function pinnedOffset(number: number): number {
  return 1 + number + Math.floor(number / jumpWidth)
}

/**
 * The rules for sockets with an uplink's address: main's specific routes, then the table of the uplink whose address it is, and
 * before each eight numbers a jump.
 */
export function boundAddressOffsets(number: number): {
  readonly jump: number
  readonly main: number
  readonly table: number
} {
  const main = ruleOffsets.unbound + 2 * number - 1 + Math.floor(number / jumpWidth)
  return { jump: main - 1, main, table: main + 1 }
}

/** How many numbers a jump takes packets of other uplinks past. */
export const jumpWidth = 8

/** The jump past the uplinks from `number` on, a multiple of `jumpWidth`. */
export function jumpOffset(number: number): number {
  return pinnedOffset(number) - 1
}

/** The priority just before the kernel's own rule for main (32766), behind everything that anyone puts before it. */
export const lastPriority = 32765

export const tables = { default: 253, main: 254, local: 255 } as const

export const protocols = {
  /** RTPROT_BOOT and RTPROT_STATIC: what programs and administrators add with ip(8). */
  boot: 3,
  static: 4,
  /** RTPROT_KERNEL: routes that an interface's address brings along. */
  kernel: 2,
  /** RTPROT_REDIRECT and RTPROT_DHCP. */
  redirect: 1,
  dhcp: 16,
  /** RTPROT_RA: what a router advertised, whoever took it over. */
  advertised: 9,
  /**
   * RTPROT_KERNEL for our rules: on reconfiguration, systemd-networkd (252, 257) deletes foreign rules, but never
   * these.
   */
  rule: 2,
  /**
   * RTPROT_KERNEL for our routes, too: systemd-networkd deletes all other foreign routes when it starts, and until they
   * were back, connections would leave by other uplinks.
   */
  route: 2,
  /** What they had at first, unused in iproute2's rt_protos: an upgrade finds those. */
  formerRoute: 98,
} as const

/**
 * Ids of our MPTCP endpoints, of 1 to 255: an uplink's number on top of its family's. The kernel, NetworkManager and mptcpd
 * count from 1.
 */
export const mptcpIds = { inet: 64, inet6: 128, end: 192 } as const

/** The highest metric, so that the closing route is met only when nothing else is left. */
export const closingMetric = 4294967295

/** IPv6 reads metric 0 as this one (IP6_RT_PRIO_USER). */
export const ipv6DefaultMetric = 1024

export const nftTable = { family: 'inet', name: 'ifbalance' } as const

/**
 * Priorities of our chains. nft lists those near its own names as `mangle - 5`, `dstnat + 5`, `srcnat - 5`: see
 * reconcile/decide/ruleset/ruleset.ts. `masquerade` is behind all that others have: firewalld's is 110.
 */
export const hookPriorities = {
  ...{ source: -210, mark: -155, names: -95, pin: 95, masquerade: 900, clamp: -150, guard: -149, offload: 10 },
  /** nft lists it as `filter + 10`. */
  asked: 10,
  /** Before and behind others' look at the way back of a packet, which is at 10 in firewalld. */
  ...{ lookedAt: -154, seen: 20 },
} as const

/** The user that debian/postinst makes. */
export const daemonUser = 'ifbalance'

export const busName = 'org.ifbalance1'

/** Sysctl names with slashes, as below /proc/sys: an interface's name may have dots. */
export const hashSysctls = {
  policies: ['net/ipv4/fib_multipath_hash_policy', 'net/ipv6/fib_multipath_hash_policy'],
  fields: ['net/ipv4/fib_multipath_hash_fields', 'net/ipv6/fib_multipath_hash_fields'],
} as const

/** With 1, frames of bridges pass the IP hooks; it exists while br_netfilter is loaded. */
export const bridgedFramesSysctl = 'net/bridge/bridge-nf-call-iptables'

/** Names of a device's sysctls, or of those for `all`, with slashes. */
export function linkSysctls(device: string): {
  readonly rpFilter: string
  readonly acceptLocal: string
  readonly sourceByMark: string
  readonly ignoreLinkDown: Readonly<Record<Family, string>>
} {
  const of = (family: 'ipv4' | 'ipv6', name: string) => `net/${family}/conf/${device}/${name}`
  return {
    rpFilter: of('ipv4', 'rp_filter'),
    acceptLocal: of('ipv4', 'accept_local'),
    sourceByMark: of('ipv4', 'src_valid_mark'),
    ignoreLinkDown: {
      inet: of('ipv4', 'ignore_routes_with_linkdown'),
      inet6: of('ipv6', 'ignore_routes_with_linkdown'),
    },
  }
}
