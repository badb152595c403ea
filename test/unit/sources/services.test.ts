/** Answers of network services -> what we take from them. */
import { expect, test } from 'vitest'
import { addressFromBytes } from '../../../src/net/address-bytes.ts'
import { parseServices } from '../../../src/sources/connman.ts'
import { modemManager } from '../../../src/sources/modem-manager.ts'
import { parseObjects } from '../../../src/sources/network-manager.ts'
import { parseDescription } from '../../../src/sources/networkd.ts'
import type { Ask } from '../../../src/sources/service.ts'

const router = [254, 128, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 254, 1, 1, 1]
const any = Array.from({ length: 16 }, () => 0)

/** As systemd 252 and 257 print it, less what does not matter. */
function described(routes: readonly object[]): string {
  const addresses = [
    { Family: 10, Address: [32, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 255, 254, 0, 1, 1], ConfigSource: 'NDisc' },
    { Family: 2, Address: [10, 1, 0, 83], ConfigSource: 'DHCPv4' },
    { Family: 10, Address: router, ConfigSource: 'foreign' },
  ]
  const configured = (item: object) => ({ ConfigState: 'configured', ...item })
  return JSON.stringify({
    Interfaces: [{ Name: 'wan1', Addresses: addresses.map(configured), Routes: routes.map(configured) }],
  })
}

const v4 = { Family: 2, Destination: [0, 0, 0, 0], DestinationPrefixLength: 0, Type: 1, Priority: 1024 }
const v6 = { Family: 10, Destination: any, DestinationPrefixLength: 0, Type: 1, Priority: 1024 }
const dhcp = { ...v4, Gateway: [10, 1, 0, 1], ConfigSource: 'DHCPv4' }
const addresses = ['10.1.0.83', '2001:db8:1::ff:fe00:101']

test.for([
  [
    'DHCP and router advertisements',
    [{ ...v6, Gateway: router, ConfigSource: 'NDisc' }, dhcp],
    { inet: '10.1.0.1', inet6: 'fe80::ff:fe01:101' },
  ],
  ['two, the better one first', [{ ...dhcp, Priority: 2048, Gateway: [10, 1, 0, 9] }, dhcp], { inet: '10.1.0.1' }],
  ['one that is going', [{ ...dhcp, ConfigState: 'configured,removing' }], null],
  ['a route that somebody else made', [{ ...dhcp, ConfigSource: 'foreign' }], null],
  ['a route to a subnet', [{ ...dhcp, DestinationPrefixLength: 24 }], null],
  ['an unreachable default', [{ ...dhcp, Type: 7 }], null],
  ['a route without a gateway', [{ ...v4, ConfigSource: 'DHCPv4' }], null],
] as const)('networkd: %s', ([, routes, gateway]) => {
  expect(parseDescription(described(routes))).toEqual(gateway === null ? {} : { wan1: { addresses, gateway } })
})

test('networkd: name servers, also of a link whose gateway nobody names', () => {
  const servers = [
    { Family: 2, Address: [10, 1, 0, 254], ConfigSource: 'DHCPv4' },
    { Family: 10, Address: [32, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], ConfigSource: 'NDisc' },
    { Family: 10, Address: router, ConfigSource: 'NDisc' },
    { Family: 2, Address: [10, 1, 0] },
    'x',
  ]
  const text = JSON.stringify({ Interfaces: [{ Name: 'wan1', DNS: servers }] })
  const expected = { addresses: [], gateway: {}, nameServers: ['10.1.0.254', '2001:db8:1::1'] }
  expect(parseDescription(text)).toEqual({ wan1: expected })
})

test.for([
  [[10, 1, 0, 1], '10.1.0.1'],
  [router, 'fe80::ff:fe01:101'],
  [any, '::'],
  [new Uint8Array([10, 1, 0, 1]), '10.1.0.1'],
  [[10, 1, 0, -1], null],
  [[10, 1, 0, 0.5], null],
  [['10', 1, 0, 1], null],
  [[], null],
  ['10.1.0.1', null],
] as const)('bytes %s: %s', ([bytes, text]) => {
  expect(addressFromBytes(bytes)).toBe(text)
})

function networkManager(device: object, config: object) {
  return {
    '/device': { 'org.freedesktop.NetworkManager.Device': { State: 100, Interface: 'cdc-wdm0', ...device } },
    '/4': { 'org.freedesktop.NetworkManager.IP4Config': config },
  }
}

const good = { Gateway: '10.64.0.1', AddressData: [{ address: '10.64.0.2', prefix: 30 }, { address: 7 }, null] }
const modem = { IpInterface: 'wwan0', Ip4Config: '/4', Ip6Config: '/' }

test('NetworkManager: name servers of both families', () => {
  const texts = [{ address: '10.64.0.1' }, { address: '10.64.0.1; reboot' }, null]
  const objects = {
    ...networkManager({ ...modem, Ip6Config: '/6' }, { ...good, NameserverData: texts, Nameservers: [16793610] }),
    '/6': {
      'org.freedesktop.NetworkManager.IP6Config': {
        Nameservers: [new Uint8Array([32, 1, 13, 184, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), new Uint8Array(router)],
      },
    },
  }
  expect(parseObjects(objects)).toMatchObject({ wwan0: { nameServers: ['10.64.0.1', '2001:db8:1::1'] } })
})

test.for([
  ['a modem, by the interface that has the addresses', modem, good, 'wwan0'],
  ['one that is only being prepared', { ...modem, State: 40 }, good, null],
  ['one without a gateway', modem, { ...good, Gateway: '' }, null],
  ['a gateway that is none', modem, { ...good, Gateway: '10.64.0.1; reboot' }, null],
  ['a configuration that every object has', { ...modem, Ip4Config: 'constructor' }, good, null],
  ['an interface that is a path', { ...modem, IpInterface: '../../etc' }, good, null],
] as const)('NetworkManager: %s', ([, device, config, name]) => {
  expect(parseObjects(networkManager(device, config))).toEqual(
    name === null ? {} : { [name]: { addresses: ['10.64.0.2'], gateway: { inet: '10.64.0.1' } } },
  )
})

test.for([null, 7, 'x', [], { '/': null }, { '/': { 'org.freedesktop.NetworkManager.Device': 7 } }])(
  'D7 NetworkManager: %j',
  (value) => expect(parseObjects(value)).toEqual({}),
)

/** As ConnMan 1.41 answers, less what does not matter. */
function connman(more: object) {
  const service = {
    ...{ Type: 'ethernet', State: 'ready', Nameservers: ['10.1.0.254', 7, 'x'], Ethernet: { Interface: 'wan1' } },
    IPv4: { Method: 'dhcp', Address: '10.1.0.83', Netmask: '255.255.255.0', Gateway: '10.1.0.1' },
    IPv6: { Method: 'auto', Address: '2001:db8:1::83', PrefixLength: 64, Gateway: 'fe80::1' },
  }
  return [['/net/connman/service/ethernet_020000000101_cable', { ...service, ...more }]]
}

test.for([
  ['both families', {}, { inet: '10.1.0.1', inet6: 'fe80::1' }],
  ['a line that is found to lead out', { State: 'online', IPv6: {} }, { inet: '10.1.0.1' }],
  ['one that is not connected', { State: 'idle' }, null],
  ['a VPN, which leads out by another', { Type: 'vpn' }, null],
  ['a gateway that is none', { IPv4: { Gateway: '10.64.0.1; reboot' }, IPv6: { Gateway: 7 }, Nameservers: 1 }, null],
  ['an interface that is a path', { Ethernet: { Interface: '../../etc' } }, null],
] as const)('ConnMan: %s', ([, more, gateway]) => {
  const { wan1 = null } = parseServices(connman(more))
  expect(wan1?.gateway ?? null).toEqual(gateway)
  if (gateway !== null) expect(wan1?.nameServers).toEqual(['10.1.0.254'])
})

test.for([null, 7, 'x', [[]], [['/', null]], [['/', { Ethernet: 7, IPv4: 'x' }]]])('D7 ConnMan: %j', (value) =>
  expect(parseServices(value)).toEqual({}),
)

const bearerPath = (number: number) => `/org/freedesktop/ModemManager1/Bearer/${number}`
const net = (name: string) => [name, 2]

/** Answers for one modem, and for its bearers in their order. */
function answers(bearers: readonly object[], ports: readonly unknown[]): Ask {
  return async (path, _face, member) => {
    if (member === 'GetAll') return [bearers[Number(path.split('/').at(-1))]]
    const properties = {
      Bearers: bearers.map((_, i) => bearerPath(i)),
      Ports: ports,
      SignalQuality: [40, true],
      AccessTechnologies: (1 << 14) | (1 << 15),
    }
    return [{ '/modem': { 'org.freedesktop.ModemManager1.Modem': properties } }]
  }
}

const connected = (config: object) => ({ Connected: true, Interface: 'wwan0', Ip4Config: config })
const lost = { Connected: false, Interface: '', Ip4Config: {} }
const is = (yes: boolean) => ({ connected: yes, signal: 40, technologies: ['lte', '5g'] })
const nothing = { addresses: [], gateway: {} }

test.for([
  [
    'static, with a gateway',
    [connected({ method: 2, address: '10.64.0.2', gateway: '10.64.0.1' })],
    {},
    { wwan0: { addresses: ['10.64.0.2'], gateway: { inet: '10.64.0.1' }, modem: is(true) } },
  ],
  [
    'static, without',
    [connected({ method: 2, address: '10.64.0.2' })],
    {},
    { wwan0: { addresses: ['10.64.0.2'], gateway: { inet: null }, modem: is(true) } },
  ],
  ['by DHCP', [connected({ method: 3 })], {}, { wwan0: { ...nothing, modem: is(true) } }],
  ['a bearer that is not connected', [lost], {}, { wwan0: { ...nothing, modem: is(false) } }],
  ['no bearer any more, where there was one', [], { wwan0: nothing }, { wwan0: { ...nothing, modem: is(false) } }],
  ['never a bearer: in the hands of another program', [], {}, {}],
  ['one of two', [lost, connected({ method: 3 })], {}, { wwan0: { ...nothing, modem: is(true) } }],
  ['nonsense', [7 as unknown as object], {}, { wwan0: { ...nothing, modem: is(false) } }],
] as const)('ModemManager: %s', async ([, bearers, before, expected]) => {
  const ask = answers(bearers, [['cdc-wdm0', 6], net('wwan0'), net('../../x'), 'x'])
  expect(await modemManager.read(ask, before)).toEqual(expected)
})

test('D7 ModemManager: a thousand bearers are not all asked', async () => {
  let asked = 0
  const many = answers(
    Array.from({ length: 1000 }, () => lost),
    [net('wwan0')],
  )
  await modemManager.read((...call) => {
    asked += 1
    return many(...call)
  }, {})
  expect(asked).toBeLessThan(20)
})

const bytes = (...first: readonly number[]) => [...first, ...Array.from({ length: 16 - first.length }, () => 0)]

test('networkd 257 tells the prefixes that were delegated to a link', () => {
  const link = {
    Name: 'wan1',
    DHCPv6Client: {
      Prefixes: [
        { Prefix: bytes(32, 1, 13, 184, 209), PrefixLength: 56 },
        { Prefix: bytes(254, 128), PrefixLength: 64 },
        { Prefix: 'x', PrefixLength: 56 },
      ],
    },
  }
  expect(parseDescription(JSON.stringify({ Interfaces: [link] }))).toEqual({
    wan1: { addresses: [], gateway: {}, prefixes: ['2001:db8:d100::/56'] },
  })
})

test.for([
  ['of the router of one link', [1, 2], { wan1: ['2001:db8:d100::/56'] }],
  ['of a router that two links have: unknown whose', [1, 1], {}],
  ['of another server: unknown whose', [3, 2], {}],
] as const)('networkd 252 tells only of unreachable routes, %s', ([, routers, prefixes]) => {
  const address = (last: number) => bytes(254, 128).with(15, last)
  const configured = { ConfigState: 'configuring,configured', Priority: 1024 }
  const links = routers.map((router, i) => ({
    Name: `wan${i + 1}`,
    Routes: [{ ...configured, ...v6, Gateway: address(router), ConfigSource: 'NDisc' }],
  }))
  const route = {
    Destination: bytes(32, 1, 13, 184, 209),
    DestinationPrefixLength: 56,
    Type: 7,
    ConfigSource: 'DHCPv6',
  }
  const told = parseDescription(
    JSON.stringify({ Interfaces: links, Routes: [{ ...configured, ...route, ConfigProvider: address(1) }] }),
  )
  const found = Object.entries(told).flatMap(([name, link]) => (link.prefixes ? [[name, link.prefixes]] : []))
  expect(Object.fromEntries(found)).toEqual(prefixes)
})
