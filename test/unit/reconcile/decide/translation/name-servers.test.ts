/** Whose name server answers for whose. */
import { expect, test } from 'vitest'
import type { Route } from '../../../../../src/model/kernel.ts'
import type { Observed } from '../../../../../src/model/observed.ts'
import type { Family } from '../../../../../src/net/family.ts'
import { nameServers } from '../../../../../src/net/valid.ts'
import { decide } from '../../../../../src/reconcile/decide/decide.ts'
import { redirectedServers, routedServers } from '../../../../../src/reconcile/decide/translation/name-servers.ts'
import { healthOf, hopOf, routeOf, worldOf } from '../../../builders.ts'
import { config } from '../../../lines/simulation.ts'

const four = worldOf('two-dhcp-uplinks')
const six = worldOf('ipv6-two-providers')

const dead = (uplink: string, family: Family = 'inet') => ({ health: { [uplink]: { [family]: healthOf('offline') } } })
const lease = (address: string, ...servers: readonly string[]) => ({
  ...{ source: 'dhclient', address, gateway: {} },
  nameServers: servers,
})
const bus = (...servers: readonly string[]) => ({
  source: 'networkd',
  addresses: [],
  gateway: {},
  nameServers: servers,
})
const routeTo = (destination: string, device: string): Route =>
  routeOf(destination, [hopOf(device)], { protocol: 16, metric: 1024 })

function redirected(observed: Observed, uplink: Parameters<typeof config>[0] = {}): readonly string[] {
  const settings = config(uplink)
  const { uplinks } = decide(settings, observed)
  return redirectedServers(settings, uplinks, observed).map(({ from, to, number }) => `${from} ${to} ${number}`)
}

const leases = { wan1: lease('10.1.0.50', '10.1.0.254'), wan2: lease('10.2.0.50', '10.2.0.254') }

test('nobody answers for the living', () => {
  expect(redirected({ ...four, leases })).toEqual([])
})

test('of DHCP clients, a stanza, networkd: whoever knows', () => {
  expect(redirected({ ...four, ...dead('wan2'), leases })).toEqual(['10.2.0.254 10.1.0.254 1'])
  expect(redirected({ ...four, ...dead('wan1'), leases })).toEqual(['10.1.0.254 10.2.0.254 2'])
  const stanzas = { wan1: { nameServers: ['192.0.2.53'] } }
  expect(redirected({ ...four, ...dead('wan2'), leases: { wan2: leases.wan2 }, stanzas })).toEqual([
    '10.2.0.254 192.0.2.53 1',
  ])
  const told = { wan1: bus('10.1.0.254'), wan2: bus('10.2.0.254', '10.2.0.253', '2001:db8:2::1') }
  expect(redirected({ ...four, ...dead('wan2'), bus: told })).toEqual([
    '10.2.0.254 10.1.0.254 1',
    '10.2.0.253 10.1.0.254 1',
  ])
})

test('one that a living uplink named as well is left alone, unless main leads to it by the dead one', () => {
  const shared = { wan1: bus('192.0.2.53', '10.1.0.254'), wan2: bus('192.0.2.53') }
  const observed = { ...four, ...dead('wan2'), bus: shared }
  expect(redirected(observed)).toEqual([])
  const by = (...devices: readonly string[]) => ({
    ...observed,
    routes: [...four.routes, ...devices.map((device) => routeTo('192.0.2.53', device))],
  })
  expect(redirected(by('wan2', 'wan1'))).toEqual(['192.0.2.53 10.1.0.254 1'])
  expect(redirected(by('wan1', 'wan2'))).toEqual([])
})

test('what the dead one named of others is left alone: a LAN, a network behind it, the other uplink, this host', () => {
  const hijacked = ['192.168.77.53', '172.16.5.5', '198.51.100.1', '10.2.0.50', '203.0.113.53']
  const told = { wan1: lease('10.1.0.50', ...hijacked), wan2: leases.wan2 }
  const routes = [
    ...four.routes,
    ...[routeTo('192.168.77.0/24', 'lan0'), routeTo('172.16.0.0/12', 'lan0'), routeTo('198.51.100.1', 'wan2')],
  ]
  const own = four.links.flatMap(({ addresses }) => addresses).find(({ family }) => family === 'inet')?.address ?? ''
  const observed = { ...four, ...dead('wan1'), leases: { ...told, wan1: lease('10.1.0.50', ...hijacked, own) }, routes }
  expect(redirected(observed)).toEqual(['203.0.113.53 10.2.0.254 2'])
  const elsewhere = { ...told, wan2: lease('10.2.0.50', '192.168.77.53', '10.2.0.254') }
  expect(redirected({ ...observed, leases: elsewhere })).toEqual(['203.0.113.53 10.2.0.254 2'])
})

test('what a working uplink named is asked by it, unless all named it, or main has a route of its own', () => {
  const told = {
    wan1: bus('198.51.100.51', '9.9.9.9', '172.16.5.5', '10.1.0.254', '2001:db8:51::1'),
    wan2: bus('198.51.100.52', '9.9.9.9', '10.1.0.254'),
  }
  const routed = (observed: Observed, uplink: Parameters<typeof config>[0] = {}, family: Family = 'inet') => {
    const settings = config(uplink)
    const { uplinks } = decide(settings, observed)
    return routedServers(family, settings, uplinks, observed).map(
      ({ server, by }) => `${server} ${by.map(({ name }) => name).join(' ')}`,
    )
  }
  const observed = { ...four, bus: told, routes: [...four.routes, routeTo('172.16.0.0/12', 'lan0')] }
  expect(routed(observed)).toEqual(['198.51.100.51 wan1', '198.51.100.52 wan2'])
  expect(routed({ ...observed, ...dead('wan1') })).toEqual([])
  expect(routed(observed, { standby: true })).toEqual([])
  expect(routed({ ...six, bus: told }, {}, 'inet6')).toEqual(['2001:db8:51::1 wan1'])
  const { routes } = decide(config(), observed)
  expect(routes.filter(({ destination }) => destination.startsWith('198.51.100.'))).toMatchObject([
    { table: 30098, nexthops: [{ device: 'wan1', gateway: '10.1.0.1' }] },
    { table: 30098, nexthops: [{ device: 'wan2', gateway: '10.2.0.1' }] },
  ])
})

test('nobody knows a living one, nothing is masqueraded, or a probe asks it: left alone', () => {
  expect(redirected({ ...four, ...dead('wan2'), leases: { wan2: leases.wan2 } })).toEqual([])
  expect(redirected({ ...four, ...dead('wan2'), leases }, { probe: { kind: 'dns', targets: ['10.2.0.254'] } })).toEqual(
    [],
  )
  const bare = config()
  const observed = { ...four, ...dead('wan2'), leases }
  const { uplinks } = decide(bare, observed)
  expect(redirectedServers({ ...bare, balance: { ...bare.balance, masquerade: 'no' } }, uplinks, observed)).toEqual([])
})

test('each family goes its own way', () => {
  const told = { wan1: bus('2001:db8:1::1'), wan2: bus('2001:db8:2::1') }
  expect(redirected({ ...six, ...dead('wan2', 'inet6'), bus: told })).toEqual(['2001:db8:2::1 2001:db8:1::1 1'])
  const heard = { wan1: { dhcp6: ['2001:db8:1::1'] }, wan2: { advertised: ['2001:db8:2::1'] } }
  const observed = { ...six, ...dead('wan2', 'inet6'), nameServers6: heard }
  expect(redirected(observed)).toEqual(['2001:db8:2::1 2001:db8:1::1 1'])
  const { ruleset } = decide(config(), observed)
  expect(ruleset?.chains.find(({ name }) => name === 'names')?.rules).toEqual([
    'oif { 3, 5 } ip6 daddr 2001:db8:2::1 udp dport 0x35 dnat ip6 to 2001:db8:1::1',
    'oif { 3, 5 } ip6 daddr 2001:db8:2::1 tcp dport 0x35 dnat ip6 to 2001:db8:1::1',
  ])
})

test.for([
  ['2001:DB8:0::0:53', ['2001:db8::53']],
  ['10.2.0.254', ['10.2.0.254']],
  ['fe80::1', []],
  ['fe80::1%wan2', []],
  ['::ffff:10.2.0.254', []],
  ['::1', []],
  ['ff02::fb', []],
  ['127.0.0.53', []],
  ['0.0.0.0', []],
  ['10.2.0.254; reboot', []],
  ['', []],
] as const)('name server %j', ([text, expected]) => {
  expect(nameServers([text, text])).toEqual(expected)
})
