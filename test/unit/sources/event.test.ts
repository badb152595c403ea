import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readEvent } from '../../../src/sources/event.ts'
import type { Environment, HookEvent } from '../../../src/sources/hook-event.ts'
import { hooks } from '../../../src/sources/registry.ts'

interface Row {
  readonly kind: string
  readonly env: Environment
  readonly gives: Partial<HookEvent>
}

const none = { kind: 'none' } as const
const up = { IFACE: 'wan2', MODE: 'start', PHASE: 'post-up' }
const bound = { reason: 'BOUND', interface: 'wan2', new_ip_address: '10.2.0.7' }
const lease = (gateway: object, source = 'dhclient') =>
  ({ kind: 'lease', lease: { source, address: '10.2.0.7', gateway } }) as const
const stanza = (options: object | null) => ({ kind: 'stanza', options }) as const

/** Variables, or patterns of some, that each script in hooks/ hands to the daemon. */
const handed: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(hooks).flatMap(([kind, { asRoot }]) => {
    if (asRoot) return []
    const script = readFileSync(new URL(`../../../hooks/${kind}`, import.meta.url), 'utf8').replaceAll('\\\n', ' ')
    const [, told = ''] = new RegExp(`/tell ${kind} (.*) 2>`).exec(script) ?? []
    const [, names = ''] = /set -- (.*)/.exec(script) ?? []
    return [[kind, told.replace('"$@"', names).replaceAll("'", '').trim().split(/ +/)]]
  }),
)

const table: Readonly<Record<string, Row>> = {
  'a stanza without options is known as well': {
    kind: 'ifupdown',
    env: up,
    gives: { interface: 'wan2', fact: stanza({}), reconcile: true, complaints: [] },
  },
  'every option of a stanza': {
    kind: 'ifupdown',
    env: {
      ...up,
      IF_BALANCE: 'yes',
      IF_BALANCE_NAME: 'lte',
      IF_BALANCE_WEIGHT: '4',
      IF_BALANCE_METRIC: '0',
      IF_BALANCE_GATEWAY: '10.2.0.1 fe80::1',
    },
    gives: {
      fact: stanza({
        balance: true,
        name: 'lte',
        weight: 4,
        metric: 0,
        gateway: { inet: '10.2.0.1', inet6: 'fe80::1' },
      }),
      complaints: [],
    },
  },
  'balance no': { kind: 'ifupdown', env: { ...up, IF_BALANCE: 'no' }, gives: { fact: stanza({ balance: false }) } },
  'each bad option is one complaint, and the good one stays': {
    kind: 'ifupdown',
    env: {
      ...up,
      IF_BALANCE: 'perhaps',
      IF_BALANCE_NAME: '../etc/passwd',
      IF_BALANCE_WEIGHT: '0x10',
      IF_BALANCE_METRIC: '7',
      IF_BALANCE_GATEWAY: '10.2.0.1 10.2.0.2',
    },
    gives: {
      fact: stanza({ metric: 7 }),
      complaints: [
        'interfaces, wan2: balance "perhaps" is not yes or no: ignored',
        'interfaces, wan2: balance-name "../etc/passwd" is not a name for an uplink: ignored',
        'interfaces, wan2: balance-weight "0x10" is not a number from 0 to 256: ignored',
        'interfaces, wan2: balance-gateway "10.2.0.1 10.2.0.2" is not one address a family: ignored',
      ],
    },
  },
  'before it goes down, its options still hold': {
    kind: 'ifupdown',
    env: { IFACE: 'wan2', MODE: 'stop', PHASE: 'pre-down', IF_BALANCE: 'no' },
    gives: { fact: none, reconcile: false },
  },
  'once down, they are forgotten': {
    kind: 'ifupdown',
    env: { IFACE: 'wan2', MODE: 'stop', PHASE: 'post-down', IF_BALANCE: 'no' },
    gives: { fact: stanza(null), reconcile: true },
  },
  'a label is no interface': {
    kind: 'ifupdown',
    env: { ...up, IFACE: 'wan2:1', IF_BALANCE: 'no' },
    gives: { interface: null, fact: none, reconcile: true, complaints: [] },
  },
  'ifup -a ends with a call for no interface': {
    kind: 'ifupdown',
    env: { ...up, IFACE: '--all' },
    gives: { interface: null, fact: none, reconcile: false, complaints: [] },
  },
  'lo is none of ours': { kind: 'ifupdown', env: { ...up, IFACE: 'lo' }, gives: { fact: none, reconcile: false } },
  'no environment at all': { kind: 'ifupdown', env: {}, gives: { fact: none, reconcile: false, complaints: [] } },
  'a path as an interface': {
    kind: 'ifupdown',
    env: { ...up, IFACE: '../wan2' },
    gives: {
      interface: null,
      fact: none,
      reconcile: false,
      complaints: ['ifupdown hook: "../wan2" is no interface name that we take: ignored'],
    },
  },
  'dhclient has a lease': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '10.2.0.1' },
    gives: { interface: 'wan2', fact: lease({ inet: '10.2.0.1' }), reconcile: true, complaints: [] },
  },
  'the first of several routers': {
    kind: 'dhclient',
    env: { ...bound, reason: 'RENEW', new_routers: '10.2.0.9 10.2.0.1' },
    gives: { fact: lease({ inet: '10.2.0.9' }), complaints: [] },
  },
  'the first valid of several routers': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '0.0.0.0 10.2.0.1' },
    gives: {
      fact: lease({ inet: '10.2.0.1' }),
      complaints: ['dhclient hook, wan2: new_routers "0.0.0.0 10.2.0.1" is no list of addresses: using 10.2.0.1'],
    },
  },
  'a router that is a command': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '10.0.0.1; reboot' },
    gives: {
      fact: lease({}),
      complaints: ['dhclient hook, wan2: new_routers "10.0.0.1; reboot" is no list of addresses: ignored'],
    },
  },
  'an address that is a command': {
    kind: 'dhclient',
    env: { ...bound, new_ip_address: '$(reboot)', new_routers: '10.2.0.1' },
    gives: {
      fact: none,
      complaints: ['dhclient hook, wan2: new_ip_address "$(reboot)" is no address: lease ignored'],
    },
  },
  'a lease without a router': { kind: 'dhclient', env: bound, gives: { fact: lease({}), complaints: [] } },
  'classless routes win over routers': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '10.2.0.1', new_rfc3442_classless_static_routes: '24 192 168 7 10 2 0 8 0 10 2 0 9' },
    gives: { fact: lease({ inet: '10.2.0.9' }), complaints: [] },
  },
  'classless routes without a default mean none': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '10.2.0.1', new_rfc3442_classless_static_routes: '24 192 168 7 10 2 0 8' },
    gives: { fact: lease({}), complaints: [] },
  },
  'broken classless routes leave the routers': {
    kind: 'dhclient',
    env: { ...bound, new_routers: '10.2.0.1', new_rfc3442_classless_static_routes: '0 10 2 0' },
    gives: {
      fact: lease({ inet: '10.2.0.1' }),
      complaints: ['dhclient hook, wan2: new_rfc3442_classless_static_routes "0 10 2 0" makes no sense: ignored'],
    },
  },
  'dhcpcd prints classless routes its own way': {
    kind: 'dhcpcd',
    env: { ...bound, new_classless_static_routes: '192.168.7.0/24 10.2.0.8 0.0.0.0/0 10.2.0.9' },
    gives: { fact: lease({ inet: '10.2.0.9' }, 'dhcpcd'), complaints: [] },
  },
  'a router advertisement is only a reason to look': {
    kind: 'dhcpcd',
    env: { ...bound, reason: 'ROUTERADVERT' },
    gives: { fact: { kind: 'name-servers', from: 'advertised', servers: [] }, reconcile: true },
  },
  'DHCPv6 knows no gateway': {
    kind: 'dhclient',
    env: { ...bound, reason: 'BOUND6' },
    gives: { fact: { kind: 'name-servers', from: 'dhcp6', servers: [] }, reconcile: true },
  },
  'a name for an interface that JavaScript has uses for': {
    kind: 'ppp',
    env: { IFACE: '__proto__' },
    gives: { interface: null, reconcile: false },
  },
  'pppd without a default route': {
    kind: 'ppp',
    env: { IFACE: 'ppp0', PPP_PHASE: 'ip-up.d', PPP_LOCAL: '10.64.0.2', PPP_DEFAULTROUTE: 'no', DEVICE: 'eth1' },
    gives: {
      interface: 'ppp0',
      fact: { kind: 'lease', lease: { source: 'pppd', address: '10.64.0.2', gateway: {}, below: 'eth1' } },
      reconcile: true,
    },
  },
  'pppd that was asked for a default route': {
    kind: 'ppp',
    env: { IFACE: 'ppp1', PPP_PHASE: 'ip-up.d', PPP_LOCAL: '10.64.0.2', PPP_DEFAULTROUTE: 'yes' },
    gives: {
      interface: 'ppp1',
      fact: { kind: 'lease', lease: { source: 'pppd', address: '10.64.0.2', gateway: { inet: null } } },
      reconcile: true,
    },
  },
  'pppd with something else for an address': {
    kind: 'ppp',
    env: { IFACE: 'ppp1', PPP_PHASE: 'ip-up.d', PPP_LOCAL: '$(reboot)', PPP_DEFAULTROUTE: 'yes' },
    gives: {
      fact: none,
      reconcile: true,
      complaints: ['ppp hook, ppp1: "$(reboot)" is no address: ignored'],
    },
  },
  'pppd with name servers, over Ethernet, as an interface with a name of its own': {
    kind: 'ppp',
    env: {
      ...{ IFACE: 'dsl', PPP_PHASE: 'ip-up.d', PPP_LOCAL: '10.64.0.2', PPP_DEFAULTROUTE: 'yes', DEVICE: 'eth1.7' },
      ...{ DNS1: '198.51.100.51', DNS2: '127.0.0.1;reboot', PPP_TTY: 'eth1.7', PPP_LINE: '0123456789abcdef' },
    },
    gives: {
      interface: 'dsl',
      fact: {
        kind: 'lease',
        lease: {
          ...{ source: 'pppd', address: '10.64.0.2', gateway: { inet: null }, nameServers: ['198.51.100.51'] },
          ...{ below: 'eth1.7', line: '0123456789abcdef' },
        },
      },
    },
  },
  'pppd by a modem': {
    kind: 'ppp',
    env: {
      ...{ IFACE: 'ppp0', PPP_PHASE: 'ip-up.d', PPP_LOCAL: '10.64.0.2', PPP_DEFAULTROUTE: 'yes' },
      DEVICE: '/dev/ttyUSB0',
    },
    gives: { fact: { kind: 'lease', lease: { source: 'pppd', address: '10.64.0.2', gateway: { inet: null } } } },
  },
  'pppd, down': {
    kind: 'ppp',
    env: { IFACE: 'ppp1', PPP_PHASE: 'ip-down.d', PPP_LOCAL: '10.64.0.2', PPP_DEFAULTROUTE: 'yes' },
    gives: { fact: { kind: 'lease', lease: null, of: '10.64.0.2' }, reconcile: true },
  },
  'pppd, IPv6': {
    kind: 'ppp',
    env: { IFACE: 'ppp1', PPP_PHASE: 'ipv6-up.d', PPP_LOCAL: 'fe80::1', PPP_DEFAULTROUTE: 'yes' },
    gives: { interface: 'ppp1', fact: none, reconcile: true },
  },
  NetworkManager: { kind: 'networkmanager', env: { IFACE: 'wwan0' }, gives: { fact: none, reconcile: true } },
  networkd: { kind: 'networkd-dispatcher', env: { IFACE: 'wan1' }, gives: { fact: none, reconcile: true } },
  'name servers of a stanza, the good ones': {
    kind: 'ifupdown',
    env: { ...up, IF_DNS_NAMESERVERS: '192.0.2.53 2001:DB8::0:53 fe80::1 x;reboot' },
    gives: { fact: stanza({ nameServers: ['192.0.2.53', '2001:db8::53'] }), complaints: [] },
  },
  'name servers of a lease': {
    kind: 'dhclient',
    env: { ...bound, new_domain_name_servers: '10.2.0.254 $(reboot) 10.2.0.253' },
    gives: {
      fact: {
        kind: 'lease',
        lease: { source: 'dhclient', address: '10.2.0.7', gateway: {}, nameServers: ['10.2.0.254', '10.2.0.253'] },
      },
    },
  },
  'name servers of DHCPv6': {
    kind: 'dhclient',
    env: { interface: 'wan2', reason: 'REBIND6', new_dhcp6_name_servers: '2001:db8:2::1 fe80::1' },
    gives: { fact: { kind: 'name-servers', from: 'dhcp6', servers: ['2001:db8:2::1'] }, reconcile: true },
  },
  'name servers of router advertisements': {
    kind: 'dhcpcd',
    env: {
      ...{ interface: 'wan2', reason: 'ROUTERADVERT', nd1_rdnss1_servers: '2001:db8:2::1 2001:db8:2::2' },
      ...{ nd1_rdnss1_lifetime: '3600', nd2_rdnss1_servers: '2001:db8:2::3', nd2_rdnss1_lifetime: '0' },
    },
    gives: { fact: { kind: 'name-servers', from: 'advertised', servers: ['2001:db8:2::1', '2001:db8:2::2'] } },
  },
  'a kind that does not exist': {
    kind: 'constructor',
    env: { IFACE: 'wan1' },
    gives: { interface: null, reconcile: false, complaints: ['hook: unknown kind "constructor"'] },
  },
}

test.for(Object.entries(table))('%s', ([, { kind, env, gives }]) => {
  expect(readEvent(kind, env)).toMatchObject(gives)
})

test.for(Object.entries(table).filter(([, { kind }]) => Object.hasOwn(handed, kind)))(
  '%s: the script hands over all that is read',
  ([, { kind, env }]) => {
    const wanted = new RegExp(`^(?:${handed[kind]?.join('|')})$`)
    const few = Object.fromEntries(Object.entries(env).filter(([name]) => wanted.test(name)))
    expect(readEvent(kind, few)).toEqual(readEvent(kind, env))
  },
)

test.for(['EXPIRE', 'FAIL', 'RELEASE', 'STOP', 'NAK', 'DEPARTED'])('%s ends a lease', (reason) => {
  for (const kind of ['dhclient', 'dhcpcd']) {
    expect(readEvent(kind, { ...bound, reason })).toMatchObject({
      fact: { kind: 'lease', lease: null },
      reconcile: true,
    })
  }
})

test.for(['EXPIRE6', 'RELEASE6', 'STOP6'])('%s ends what DHCPv6 said', (reason) => {
  expect(readEvent('dhcpcd', { interface: 'wan2', reason, new_dhcp6_name_servers: '2001:db8:2::1' })).toMatchObject({
    fact: { kind: 'name-servers', from: 'dhcp6', servers: [] },
    reconcile: true,
  })
})

test.for(['PREINIT', 'PREINIT6', 'MEDIUM', 'ARPCHECK', 'CARRIER', 'TEST', ''])('%s is nothing to us', (reason) => {
  expect(readEvent('dhclient', { ...bound, reason })).toMatchObject({ fact: none, reconcile: false })
})
