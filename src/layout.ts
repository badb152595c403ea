/** Every name, number and path that others can see of us, each with its reason. */
import type { Family } from './net/family.ts'

// ---- files and programs ----------------------------------------------------------------------------------------

export const paths = {
  config: '/etc/ifbalance/ifbalance.conf',
  configDropIns: '/etc/ifbalance/conf.d',
  /** Everything that we remember; emptied by a reboot, as the kernel is. */
  run: '/run/ifbalance',
  lock: '/run/ifbalance/lock',
  /** Where hooks and commands reach the daemon. */
  control: '/run/ifbalance/control',
  /** Survives a reboot. Which files there are in both: store/registry.ts. */
  lib: '/var/lib/ifbalance',
  /** Executables of the administrator, called when an uplink's state changes. */
  userHooks: '/etc/ifbalance/hooks.d',
  /** Counters of this network namespace's devices, wherever /sys is from. */
  deviceCounters: '/proc/self/net/dev',
  /** Names of others' routing tables, with drop-ins beside them; Debian 13 has the package's own file in /usr/share. */
  tableNamesOfOthers: ['/usr/lib/iproute2/rt_tables', '/usr/share/iproute2/rt_tables', '/etc/iproute2/rt_tables'],
  /** Where ifupdown has isc-dhclient keep its leases: `dhclient.IFACE.leases`. */
  dhclientLeases: '/var/lib/dhcp',
  /** Where pppd 2.4 and 2.5 write their numbers: `IFACE.pid`. */
  pppd: ['/run', '/run/pppd'],
  /** There while ifupdown2 is what runs ifupdown's hooks. */
  ifupdown2: '/usr/share/ifupdown2',
  /** Table main of IPv4. */
  mainRoutes: '/proc/self/net/route',
  sysctl: '/proc/sys',
  netDevices: '/sys/class/net',
  /** Which tables of iptables-legacy this network namespace has: for root alone to read. */
  legacyTables: {
    inet: { tables: '/proc/net/ip_tables_names', modules: 'iptable_' },
    inet6: { tables: '/proc/net/ip6_tables_names', modules: 'ip6table_' },
  },
  modules: '/proc/modules',
  /** There exactly where the kernel has IPsec. */
  ipsec: '/proc/sys/net/core/xfrm_acq_expires',
  /** Where nft(8) looks for control groups, which must be of version 2. */
  cgroups: '/sys/fs/cgroup',
} as const

/** Absolute, so that no PATH of a hook's caller decides what root runs. Debian 12 and 13 have them here. */
export const programs = {
  ip: '/usr/sbin/ip',
  nft: '/usr/sbin/nft',
  conntrack: '/usr/sbin/conntrack',
  flock: '/usr/bin/flock',
  ss: '/usr/bin/ss',
  ping: '/usr/bin/ping',
} as const

/** Asked only where they are. */
export const optionalPrograms = {
  /** ifupdown's. */
  ifquery: '/usr/sbin/ifquery',
  /** Fills the sets of rules by domain. */
  dnsmasq: '/usr/sbin/dnsmasq',
  iptablesNftSave: '/usr/sbin/iptables-nft-save',
  ip6tablesNftSave: '/usr/sbin/ip6tables-nft-save',
  iptablesLegacySave: '/usr/sbin/iptables-legacy-save',
  ip6tablesLegacySave: '/usr/sbin/ip6tables-legacy-save',
} as const

/** Of perl-base, which is essential: run under systemd's journal alone. */
export const perl = '/usr/bin/perl'

/** Not one of the above: run under systemd alone, which has it. */
export const systemdNotify = '/usr/bin/systemd-notify'

/** Debian packages with the same purpose, by a file that is there while they are installed. */
export const conflictingPackages = { 'ifupdown-multi': '/etc/network/if-up.d/ifupdown-multi' } as const

// ---- numbers ---------------------------------------------------------------------------------------------------

/** Where our marks, tables and rules sit in the number spaces that we share with other programs. */
export interface Layout {
  /** Lowest bit of our eight bits in packet and connection marks. */
  readonly markShift: number
  /** Uplink i uses table `tableBase + i`; the balanced default `tableBase + 98`. */
  readonly tableBase: number
  /** Our rules are `ruleBase` to `ruleBase + 999`. */
  readonly ruleBase: number
}

/** Free of Tailscale's 0xff0000, kube-proxy's 0xc000 and mwan3's 0x3f00. */
export const defaultLayout: Layout = { markShift: 24, tableBase: 30000, ruleBase: 20000 }

/** Six bits of a mark hold the uplink's number, and 0 means none. */
export const maxUplinks = 63

export interface Marks {
  /** The bits that say which uplink. */
  readonly numberMask: number
  /** Packet: route by the number. Connection: it is on that uplink. */
  readonly pinned: number
  /** Connection: it came in by that uplink. Its packets may have it, too: others' rules may save their marks. */
  readonly incoming: number
  /** All bits that are ours. */
  readonly mask: number
  /** Everybody else's bits. */
  readonly others: number
}

/** `>>> 0`: JavaScript's bit operators give signed numbers. */
export function marks({ markShift }: Layout): Marks {
  const bits = (value: number) => (value << markShift) >>> 0
  const mask = bits(0xff)
  return {
    numberMask: bits(0x3f),
    pinned: bits(0x40),
    incoming: bits(0x80),
    mask,
    others: ~mask >>> 0,
  }
}

export function markOf(number: number, { markShift }: Layout): number {
  return (number << markShift) >>> 0
}

export function uplinkTable(number: number, { tableBase }: Layout): number {
  return tableBase + number
}

export function balancedTable({ tableBase }: Layout): number {
  return tableBase + 98
}

export function isOurTable(table: number, numbers: Layout): boolean {
  const offset = table - numbers.tableBase
  return (offset >= 1 && offset <= maxUplinks) || offset === 98
}

export function inOurBlock(priority: number, { ruleBase }: Layout): boolean {
  return priority >= ruleBase && priority <= ruleBase + ruleOffsets.end
}

/**
 * Offsets within our block of rule priorities. Where two rules of one uplink must keep their order, each has a priority
 * of its own: the kernel appends to equal ones, so a lost rule would come back behind its twin.
 */
export const ruleOffsets = {
  /** Not pinned by us: go on at `forwarded`. */
  unpinned: 0,
  /** Pinned: main's specific routes first, where there are any that matter, ... */
  pinnedMain: 1,
  /** Not from this host: nothing more here. */
  forwarded: 100,
  /** One a number: sockets bound to the uplink's device. */
  boundDevice: 100,
  /** The host's own connections that a rule of the administrator has steered; others jump to `unsteered`. */
  steered: 164,
  /** Steered: main's specific routes, ... */
  steeredMain: 165,
  /** ... then the table of the uplink; these have one priority, as a mark matches no more than one of them, ... */
  steeredUplink: 166,
  /** ... or `main` for those that are left to it. */
  steeredToMain: 167,
  unsteered: 199,
  /** One a number and address: main's specific routes, ... */
  boundAddressMain: 200,
  /** ... then the table of the uplink whose address it is. */
  boundAddress: 300,
  /** Where the jumps land. */
  end: 999,
} as const

/** ... then, one a number, the uplink's table, with room for a jump before each eight numbers. */
export function pinnedOffset(number: number): number {
  return 1 + number + Math.floor(number / jumpWidth)
}

/** Packets of other uplinks go past so many rules at once. */
export const jumpWidth = 8

/** Of the jump past the uplinks from `number` on, a multiple of the width. */
export function jumpOffset(number: number): number {
  return pinnedOffset(number) - 1
}

/** Just before main's own 32766, behind everything that anyone puts before it. */
export const lastPriority = 32765

export const tables = { default: 253, main: 254, local: 255 } as const

export const protocols = {
  /** RTPROT_BOOT and RTPROT_STATIC: what programs and administrators add with ip(8). */
  boot: 3,
  static: 4,
  /** RTPROT_KERNEL: routes that an interface's address brings along. */
  kernel: 2,
  /** RTPROT_RA: what a router advertised, whoever took it over. */
  advertised: 9,
  /** The same as `kernel`. systemd-networkd deletes foreign rules on reconfiguration, but never these (252, 257). */
  rule: 2,
  /** RTPROT_ of our routes: unused in iproute2's rt_protos. */
  route: 98,
} as const

/** Below everything that DHCP clients use, so that it is met only when nothing else is left. */
export const closingMetric = 4294967295

/** IPv6 reads metric 0 as this one (IP6_RT_PRIO_USER). */
export const ipv6DefaultMetric = 1024

export const nftTable = { family: 'inet', name: 'ifbalance' } as const

/**
 * nft names these `mangle - 5`, `dstnat + 5`, `srcnat - 5`: see the note in reconcile/decide/ruleset.ts. `masquerade` is behind all
 * that others have: firewalld's is 110.
 */
export const hookPriorities = {
  ...{ source: -210, mark: -155, names: -95, pin: 95, masquerade: 900, clamp: -150, offload: 10 },
  /** `filter + 10`. */
  asked: 10,
  /** Around others' looks at the way back of a packet: firewalld's is at 10. */
  ...{ lookedAt: -154, seen: 20 },
} as const

/** Made by the package, see debian/postinst. */
export const daemonUser = 'ifbalance'

export const busName = 'org.ifbalance1'

/** With slashes, as below /proc/sys: an interface's name may have dots. */
export const hashSysctls = {
  policies: ['net/ipv4/fib_multipath_hash_policy', 'net/ipv6/fib_multipath_hash_policy'],
  fields: ['net/ipv4/fib_multipath_hash_fields', 'net/ipv6/fib_multipath_hash_fields'],
} as const

export function linkSysctls(device: string): {
  readonly rpFilter: string
  readonly ignoreLinkDown: Readonly<Record<Family, string>>
} {
  const of = (family: 'ipv4' | 'ipv6', name: string) => `net/${family}/conf/${device}/${name}`
  return {
    rpFilter: of('ipv4', 'rp_filter'),
    ignoreLinkDown: {
      inet: of('ipv4', 'ignore_routes_with_linkdown'),
      inet6: of('ipv6', 'ignore_routes_with_linkdown'),
    },
  }
}
